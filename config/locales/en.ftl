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
