# English. Keys, variables and plural categories are the same in all four languages; tests prove it.
# Print a number with COUNT($n): it groups the digits as the language does.

language-name = English
language-button = 🌐 Language
language-chosen = From now on we will write to you in English.
choose-language = Please choose your language from the list, or simply write in it.

welcome = Welcome to { $tenant }! How can we help you?
welcome-back = Welcome back to { $tenant }.

acknowledged = { $count ->
    [one] Thank you, we have noted your message and will answer you here. { COUNT($count) } message of yours is waiting for an answer.
   *[other] Thank you, we have noted your message and will answer you here. { COUNT($count) } messages of yours are waiting for an answer.
}

help = Hello! Several estate agencies share this number. To start, please open the link or scan the code that your agency gave you.
link-dead = This link does not work. Please ask your agency for a new one.
link-elsewhere = This link belongs to another agency and does not work here. This is the number of { $tenant }.
tenant-closed = { $tenant } cannot be reached at this number at the moment.

# A medium that could not be taken. SIZE($limit) prints bytes as people write them.
too-large-image = Your picture is too large for us: we can take pictures of up to { SIZE($limit) }. Please send a smaller one.
too-large-voice = Your voice message is too long for us: we can take up to { SIZE($limit) }. Please send a shorter one, or write to us.
too-large-other = Your file is too large for us: we can take up to { SIZE($limit) }. Please send a smaller one.
timed-out-image = Your picture took too long to reach us. Please send it once more.
timed-out-voice = Your voice message took too long to reach us. Please send it once more, or write to us.
timed-out-other = Your file took too long to reach us. Please send it once more.
medium-unreadable = We could not open what you sent. Please send it once more.
