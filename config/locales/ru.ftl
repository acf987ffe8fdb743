# Russian: «вы», no gendered past tense, names uninflected (hence «агентство» before them).

language-name = Русский
language-button = 🌐 Язык
language-chosen = Теперь мы будем писать вам по-русски.
choose-language = Пожалуйста, выберите язык из списка или просто пишите на нём.

welcome = Вас приветствует агентство «{ $tenant }»! Чем мы можем вам помочь?
welcome-back = С вами снова агентство «{ $tenant }».

help = Здравствуйте! Этим номером пользуются несколько агентств недвижимости. Чтобы начать, пожалуйста, откройте ссылку или отсканируйте код, полученный от вашего агентства.
link-dead = Эта ссылка не работает. Пожалуйста, попросите у агентства новую.
link-elsewhere = Эта ссылка принадлежит другому агентству и здесь не работает. Это номер агентства «{ $tenant }».
tenant-closed = Агентство «{ $tenant }» сейчас недоступно по этому номеру.

too-large-image = Ваше изображение слишком большое: мы можем принять не более { SIZE($limit) }. Пожалуйста, отправьте изображение поменьше.
too-large-voice = Ваше голосовое сообщение слишком длинное: мы можем принять не более { SIZE($limit) }. Пожалуйста, отправьте сообщение покороче или напишите нам.
too-large-other = Ваш файл слишком большой: мы можем принять не более { SIZE($limit) }. Пожалуйста, отправьте файл поменьше.
timed-out-image = Ваше изображение загружается слишком долго. Пожалуйста, отправьте его ещё раз.
timed-out-voice = Ваше голосовое сообщение загружается слишком долго. Пожалуйста, отправьте его ещё раз или напишите нам.
timed-out-other = Ваш файл загружается слишком долго. Пожалуйста, отправьте его ещё раз.
medium-unreadable = Нам не удалось открыть то, что вы отправили. Пожалуйста, отправьте ещё раз.

# ── The menu, and words that stand on many buttons. A title of a button has 20 characters, of a row 24.

menu = Пожалуйста, выберите, что вам нужно, или просто напишите нам.
menu-realty = Недвижимость
menu-expo = Выставка и события
menu-support = Поддержка
menu-button = Главное меню
hello = Здравствуйте! Чем мы можем вам помочь?
thanks = Всегда пожалуйста!
choose = Выбрать
yes = Да
no = Нет
skip = Пропустить
no-preference = Не имеет значения
more = Показать ещё
done = Это всё
back = Назад
cancel = Отмена
person = Связь с сотрудником
person-ask = Хотите поговорить с нашим сотрудником?
noted = Записано: { $value }
step-cancelled = Хорошо, этот шаг отменён. Чем ещё мы можем помочь?
nothing-to-cancel = Сейчас отменять нечего. Чем мы можем помочь?
choose-again = Пожалуйста, выберите один из вариантов или напишите своими словами.
choice-gone = Этот вариант уже не действует. Продолжим отсюда:

# ── Who somebody is. Names are used as they were written: no title, no part of them.

ask-name = Как к вам обращаться?
ask-name-again = Не удалось распознать имя. Пожалуйста, напишите только имя или пропустите этот вопрос.
name-noted = Спасибо, { $name }!
ask-phone = По какому номеру наши сотрудники могут связаться с вами? Пожалуйста, укажите его с кодом страны.
phone-noted = Спасибо. Записан номер: { $phone }
phone-unclear = Не удалось распознать номер. Пожалуйста, укажите его с кодом страны, например { $phone }.

# ── What somebody looks for: questions, and the titles of their choices.

ask-goal = С какой целью вы ищете недвижимость?
goal-investment = Инвестиции
goal-living = Для проживания
goal-residency = Резидентская виза
ask-deal = Вы хотите купить или снять?
deal-buy = Покупка
deal-rent = Аренда
ask-category = Жилая или коммерческая недвижимость?
category-residential = Жилая
category-commercial = Коммерческая
ask-kind = Какой тип объекта вам подходит?
kind-apartment = Квартира
kind-villa = Вилла
kind-townhouse = Таунхаус
kind-penthouse = Пентхаус
kind-land = Участок
kind-office = Офис
kind-shop = Магазин
kind-warehouse = Склад
ask-budget-buy = Какой у вас бюджет? Пожалуйста, выберите или напишите сумму.
ask-budget-rent = Какой у вас бюджет на аренду в год? Пожалуйста, выберите или напишите сумму.
budget-buy-to-1m = До 1 млн дирхамов
budget-buy-1m-2m = 1–2 млн дирхамов
budget-buy-2m-5m = 2–5 млн дирхамов
budget-buy-from-5m = Более 5 млн дирхамов
budget-rent-to-60k = До 60 тыс. дирхамов
budget-rent-60k-100k = 60–100 тыс. дирхамов
budget-rent-100k-200k = 100–200 тыс. дирхамов
budget-rent-from-200k = Более 200 тыс. дирхамов
confirm-amount = Вы имеете в виду { $amount }?
ask-period = { $amount } – это аренда за год или за месяц?
period-year = За год
period-month = За месяц
ask-currency = Вы указали { $amount }. Наши цены в дирхамах ОАЭ: какой у вас бюджет в дирхамах?
budget-unclear = Не удалось распознать сумму. Пожалуйста, укажите её в дирхамах, например { $amount }.
ask-place = Какой район вам подходит? Можно назвать несколько.
place-unknown = Такой район не найден. Пожалуйста, выберите из списка или напишите другое название.
place-any = Любой район
ask-bedrooms = Сколько спален вам нужно?
studio = Студия
bedrooms = { $count ->
    [one] { COUNT($count) } спальня
    [few] { COUNT($count) } спальни
    [many] { COUNT($count) } спален
   *[other] { COUNT($count) } спальни
}
bedrooms-from = { $count ->
    [one] { COUNT($count) } спальня и больше
    [few] { COUNT($count) } спальни и больше
    [many] { COUNT($count) } спален и больше
   *[other] { COUNT($count) } спальни и больше
}
bedrooms-to = { $count ->
    [one] до { COUNT($count) } спальни
    [few] до { COUNT($count) } спален
    [many] до { COUNT($count) } спален
   *[other] до { COUNT($count) } спальни
}
bedrooms-between = { $count ->
    [one] { COUNT($low) }–{ COUNT($count) } спальня
    [few] { COUNT($low) }–{ COUNT($count) } спальни
    [many] { COUNT($low) }–{ COUNT($count) } спален
   *[other] { COUNT($low) }–{ COUNT($count) } спальни
}
bathrooms = { $count ->
    [one] { COUNT($count) } ванная
    [few] { COUNT($count) } ванные
    [many] { COUNT($count) } ванных
   *[other] { COUNT($count) } ванной
}
ask-amenities = Что для вас важно? Можно выбрать или написать несколько пунктов.
amenity-pool = Бассейн
amenity-gym = Спортзал
amenity-parking = Парковка
amenity-balcony = Балкон
amenity-sea-view = Вид на море
amenity-garden = Сад
amenity-furnished = С мебелью
amenity-maid-room = Комната для прислуги
amenity-pets = Можно с животными
ask-urgency = Когда вы планируете переезд или сделку?
urgency-now = В течение месяца
urgency-quarter = В течение 3 месяцев
urgency-half-year = В течение полугода
urgency-later = Пока только смотрю

# ── What is known of somebody's wishes, a line each.

wish = Вот что мы записали:
wish-goal = Цель: { $value }
wish-deal = Сделка: { $value }
wish-category = Категория: { $value }
wish-kind = Тип: { $value }
wish-budget = Бюджет: { $amount }
wish-places = Район: { $value }
wish-bedrooms = Комнаты: { $bedrooms }
wish-amenities = Желательно: { $value }
wish-urgency = Когда: { $value }

# ── Amounts, areas and shares. The words follow the number's plural.

money-aed = { $count ->
    [one] { COUNT($count) } дирхам
    [few] { COUNT($count) } дирхама
    [many] { COUNT($count) } дирхамов
   *[other] { COUNT($count) } дирхама
}
money-aed-from = { $count ->
    [one] от { COUNT($count) } дирхама
    [few] от { COUNT($count) } дирхамов
    [many] от { COUNT($count) } дирхамов
   *[other] от { COUNT($count) } дирхама
}
money-aed-to = { $count ->
    [one] до { COUNT($count) } дирхама
    [few] до { COUNT($count) } дирхамов
    [many] до { COUNT($count) } дирхамов
   *[other] до { COUNT($count) } дирхама
}
money-aed-between = { $count ->
    [one] { COUNT($low) } – { COUNT($count) } дирхам
    [few] { COUNT($low) } – { COUNT($count) } дирхама
    [many] { COUNT($low) } – { COUNT($count) } дирхамов
   *[other] { COUNT($low) } – { COUNT($count) } дирхама
}
money-usd = { $count ->
    [one] { COUNT($count) } доллар
    [few] { COUNT($count) } доллара
    [many] { COUNT($count) } долларов
   *[other] { COUNT($count) } доллара
}
money-eur = { COUNT($count) } евро
money-gbp = { $count ->
    [one] { COUNT($count) } фунт
    [few] { COUNT($count) } фунта
    [many] { COUNT($count) } фунтов
   *[other] { COUNT($count) } фунта
}
money-rub = { $count ->
    [one] { COUNT($count) } рубль
    [few] { COUNT($count) } рубля
    [many] { COUNT($count) } рублей
   *[other] { COUNT($count) } рубля
}
money-inr = { $count ->
    [one] { COUNT($count) } рупия
    [few] { COUNT($count) } рупии
    [many] { COUNT($count) } рупий
   *[other] { COUNT($count) } рупии
}
money-irr = { $count ->
    [one] { COUNT($count) } риал
    [few] { COUNT($count) } риала
    [many] { COUNT($count) } риалов
   *[other] { COUNT($count) } риала
}
money-irt = { $count ->
    [one] { COUNT($count) } туман
    [few] { COUNT($count) } тумана
    [many] { COUNT($count) } туманов
   *[other] { COUNT($count) } тумана
}
money-other = { COUNT($count) } { $code }
money-from = от { $amount }
money-to = до { $amount }
square-metres = { COUNT($count) } м²
square-feet = { $count ->
    [one] { COUNT($count) } кв. фут
    [few] { COUNT($count) } кв. фута
    [many] { COUNT($count) } кв. футов
   *[other] { COUNT($count) } кв. фута
}
any-amount = любая сумма

# ── Listings: what was found, the lines of a card, the nearest relaxations.

found = { $count ->
    [one] Мы нашли { COUNT($count) } подходящий объект.
    [few] Мы нашли { COUNT($count) } подходящих объекта.
    [many] Мы нашли { COUNT($count) } подходящих объектов.
   *[other] Мы нашли { COUNT($count) } подходящего объекта.
}
properties = { $count ->
    [one] { COUNT($count) } объект
    [few] { COUNT($count) } объекта
    [many] { COUNT($count) } объектов
   *[other] { COUNT($count) } объекта
}
listing-place = Расположение: { $place }
listing-price = Цена: { $amount }
listing-rent = Аренда: { $amount } в год
listing-yield = Ожидаемая доходность от аренды: { $percent } в год
listing-residency = Может дать право на резидентскую визу; решение принимают власти.
listing-residency-years = { $count ->
    [one] Может дать право на резидентскую визу на { COUNT($count) } год; решение принимают власти.
    [few] Может дать право на резидентскую визу на { COUNT($count) } года; решение принимают власти.
    [many] Может дать право на резидентскую визу на { COUNT($count) } лет; решение принимают власти.
   *[other] Может дать право на резидентскую визу на { COUNT($count) } года; решение принимают власти.
}
listing-amenities = Удобства: { $value }
listing-reference = Код объекта: { $reference }
listing-permit = Номер разрешения: { $permit }
listing-viewing = Записаться на показ
listing-more = Следующий объект
listing-sheet = Описание объекта
sheet-ready = Описание объекта в приложенном файле: { $listing }
sheet-instead = Сейчас описание объекта нельзя отправить файлом. Вот его текст:
sheet-foot = Сведения предоставлены агентством и не являются офертой. Доходность — оценка, а не гарантия.
no-match = Сейчас у нас нет объекта, который отвечает всем вашим пожеланиям. Ближайшие варианты:
no-match-at-all = Сейчас у нас нет близких вариантов. Наш сотрудник может поискать ещё, или вы можете изменить запрос.
no-more = Это все подходящие объекты. Можно изменить запрос или связаться с сотрудником.
listing-gone = Этот объект больше не доступен. Показать вам похожие?
relax-budget = С другим бюджетом: { $amount }
relax-place = В другом районе: { $place }
relax-place-any = В любом районе
relax-bedrooms = С другой планировкой: { $bedrooms }
relax-kind = Другого типа: { $value }
relax-budget-title = Увеличить бюджет
relax-floor-title = Снизить минимум
relax-place-title = Другой район
relax-bedrooms-title = Другое число спален
relax-kind-title = Другой тип
change-search = Изменить запрос

# ── Viewings. $when is a weekday, a date and a time, with the name of the time zone.

viewing-offer = Когда вам удобно посмотреть объект «{ $listing }»?
viewing-nearest = В это время записаться нельзя. Ближайшее свободное время для показа объекта «{ $listing }»:
viewing-button = Выбрать время
viewing-no-slots = В ближайшие дни нет свободного времени для показа объекта «{ $listing }». Наш сотрудник напишет вам, чтобы договориться.
viewing-booked =
    Ваш показ забронирован.
    Объект: { $listing }
    Время: { $when }
viewing-where = Адрес: { $place }
viewing-taken = Это время только что занято другим клиентом. Какое другое время вам подходит?
viewing-passed = Это время уже прошло. Какое другое время вам подходит?
viewing-already = У вас уже есть показ в это время: { $when }
viewing-too-many = { $count ->
    [one] У вас уже запланирован { COUNT($count) } показ. Пожалуйста, отмените его, прежде чем записаться на другой.
    [few] У вас уже запланировано { COUNT($count) } показа. Пожалуйста, отмените один из них, прежде чем записаться на другой.
    [many] У вас уже запланировано { COUNT($count) } показов. Пожалуйста, отмените один из них, прежде чем записаться на другой.
   *[other] У вас уже запланировано { COUNT($count) } показа. Пожалуйста, отмените один из них, прежде чем записаться на другой.
}
viewing-cancelled =
    Ваш показ отменён.
    Объект: { $listing }
    Время: { $when }
viewing-cancel-ask =
    Отменить ваш показ?
    Объект: { $listing }
    Время: { $when }
viewing-kept = Ваш показ остаётся в силе: { $when }
viewing-reminder =
    Напоминаем о показе.
    Объект: { $listing }
    Время: { $when }
viewing-yours = Ваши показы:
viewing-none = У вас нет забронированных показов.
viewing-another-time = Другое время
viewing-cancel = Отменить показ
viewing-keep = Оставить

# ── Questions in between: an answer, then the open question once more.

back-to-question = Вернёмся к нашему вопросу:
answer-unknown = Мы не можем дать здесь точный ответ. Ответить может наш сотрудник: если хотите, напишите «сотрудник».
answer-bot = Это автоматический помощник агентства «{ $tenant }». По вашей просьбе разговор продолжит наш сотрудник.
answer-residency = Как правило, недвижимость стоимостью не менее { $amount } позволяет владельцу подать на долгосрочную резидентскую визу. Решение принимают власти, правила могут меняться.
answer-commission = Как правило, покупатель платит сбор за переоформление ({ $percent } от цены) и комиссию агентства. Точные суммы подскажет наш сотрудник.
answer-ownership = В Дубае иностранцы могут приобретать недвижимость в полную собственность в отведённых для этого районах.
answer-mortgage = Банки кредитуют резидентов и нерезидентов на разных условиях. Наш сотрудник подскажет, что возможно для вас.
answer-price = Цену назначает владелец. Если объект вам подходит, наш сотрудник может обсудить её с владельцем.
answer-service-charge = Ежегодный сервисный сбор в каждом здании свой. Точную сумму по объекту подскажет наш сотрудник.
answer-payment-plan = Рассрочка доступна в основном для новых проектов, условия у каждого свои. Наш сотрудник может прислать их вам.
answer-handover = Срок готовности у каждого объекта свой. Наш сотрудник уточнит дату по интересующему вас объекту.
answer-viewing = Любой показанный объект можно посмотреть: выберите объект и время, и наш сотрудник встретит вас на месте.
answer-yield = Доходность указана там, где её сообщает владелец или агентство. Это ожидание, а не обещание.
answer-location = Район указан у каждого объекта. Наш сотрудник может прислать точное расположение и маршрут.
answer-privacy = Мы используем ваши сообщения только для подбора недвижимости. Чтобы не получать от нас сообщений, напишите: СТОП

# ── A person takes over, and gives back.

handover-expect = { $count ->
    [one] Мы передали ваш запрос сотруднику. Обычно ответ приходит сюда в течение { COUNT($count) } минуты. Вы можете продолжать писать.
    [few] Мы передали ваш запрос сотруднику. Обычно ответ приходит сюда в течение { COUNT($count) } минут. Вы можете продолжать писать.
    [many] Мы передали ваш запрос сотруднику. Обычно ответ приходит сюда в течение { COUNT($count) } минут. Вы можете продолжать писать.
   *[other] Мы передали ваш запрос сотруднику. Обычно ответ приходит сюда в течение { COUNT($count) } минуты. Вы можете продолжать писать.
}
handover-later = Мы передали ваш запрос сотруднику. Сейчас офис закрыт; мы ответим после его открытия: { $when }
handover-waiting = Мы помним о вас: ваш запрос передан ещё одному сотруднику, ответ придёт сюда.
handover-already = Ваш запрос уже у сотрудника, ответ придёт сюда.
handover-joined = С вами на связи { $name } из нашей команды.
handover-joined-unnamed = С вами на связи наш сотрудник.
handover-resumed = Снова на связи автоматический помощник. Всё, что вы сообщили, сохранено.
handover-nobody = Ваш запрос записан. Наш сотрудник напишет вам здесь, как только сможет.
handover-call =
    Вашего ответа ожидает клиент: { $name }
    Кратко: { $text }
    Ссылка: { $link }
handover-accept = Беру на себя
handover-yours = Разговор ваш, клиент: { $name }. Ссылка: { $link } Чтобы вернуть его ассистенту, напишите здесь /bot
handover-gone = Этот разговор больше не ждёт ответа. Клиент: { $name }
handover-given-back = Разговор снова ведёт ассистент. Клиент: { $name }

# ── Expo: an event's facts and a request for a meeting.

expo-name = Мероприятие: { $name }
expo-from = Начало: { $when }
expo-until = Окончание: { $when }
expo-place = Место: { $place }
expo-stand = Стенд: { $stand }
expo-link = Подробнее: { $link }
expo-none = Сейчас мероприятий не запланировано. Мы можем записать ваш интерес.
expo-meet = Запросить встречу
expo-meeting-ask = Какой день и какое время удобны вам для встречи?
expo-meeting-stored = Ваша заявка на встречу записана под номером { $number }. Время подтвердит наш сотрудник здесь.
expo-interest-stored = Ваш интерес записан под номером { $number }.

# ── Support: a stored request with its number and status.

support-ask = Пожалуйста, опишите ситуацию одним сообщением.
support-too-short = Пожалуйста, напишите немного подробнее, чтобы мы могли помочь.
support-stored = Ваш запрос записан под номером { $number }. Статус: { $status }
support-status = Запрос № { $number }. Статус: { $status }
support-unknown = Запрос с номером { $number } не найден.
support-none = У вас нет записанных запросов.
support-new = Новый запрос
support-look = Статус запроса
status-open = открыт
status-in-work = в работе
status-solved = решён

# ── Consent: leaving, and how to come back.

opted-out = Вы больше не будете получать от нас сообщений. Чтобы возобновить их, напишите: СТАРТ
opted-out-already = Сейчас вы не получаете от нас сообщений. Чтобы возобновить их, напишите: СТАРТ
opted-in = Спасибо, мы снова будем вам писать. Чтобы остановить сообщения, напишите: СТОП

# ── Follow-up: three gentle reminders, the last says that it is the last.

nudge-first = Продолжим с того места, где остановились?
nudge-second = Ваш запрос сохранён. Чтобы продолжить, достаточно одного ответа.
nudge-last = Больше напоминать не будем. Когда вам будет удобно, напишите сюда, и мы поможем.
nudge-continue = Продолжить
nudge-not-now = Не сейчас

# ── Templates, for outside the window in which people can be answered freely: one line each.

template-answer = Агентство «{ $tenant }»: у нас есть ответ на ваш вопрос. Чтобы его прочитать, ответьте здесь.
template-continue = Агентство «{ $tenant }»: ваш запрос на недвижимость сохранён. Чтобы продолжить, ответьте здесь.
template-viewing = Агентство «{ $tenant }» напоминает о показе объекта «{ $listing }»: { $when }
template-handover = Новый разговор для вас: ответа ожидает { $name }. Кратко: { $text } Ссылка: { $link }
window-closed = Время свободного ответа в этом разговоре истекло: можно отправить только шаблон.
apology = Приносим извинения: некоторое время мы не могли отвечать. Ваши сообщения получены; напишите, чем мы можем помочь сейчас.

# ── What is not text: said honestly, what we can do with it.

media-image = Спасибо, ваше изображение получено. Автоматический помощник не видит картинок; их может посмотреть наш сотрудник.
media-voice = Спасибо, ваше голосовое сообщение получено. Автоматический помощник не умеет слушать: пожалуйста, напишите в нескольких словах, что вам нужно.
media-audio = Спасибо, ваша аудиозапись получена. Автоматический помощник не умеет слушать: пожалуйста, напишите в нескольких словах, что вам нужно.
media-video = Спасибо, ваше видео получено. Автоматический помощник не может его посмотреть; это может сделать наш сотрудник.
media-document = Спасибо, ваш документ получен. Автоматический помощник не может его прочитать; это может сделать наш сотрудник.
media-sticker = Спасибо за стикер! Чем мы можем помочь?
media-voice-heard = Мы услышали: { $text }
media-image-seen = На вашем изображении мы видим: { $text }
media-image-like = Ближе всего к этому у нас вот что:
media-contacts = { $count ->
    [one] Спасибо, получен { COUNT($count) } контакт. Без вашей просьбы мы никому не пишем; уточните, пожалуйста, что нужно сделать.
    [few] Спасибо, получено { COUNT($count) } контакта. Без вашей просьбы мы никому не пишем; уточните, пожалуйста, что нужно сделать.
    [many] Спасибо, получено { COUNT($count) } контактов. Без вашей просьбы мы никому не пишем; уточните, пожалуйста, что нужно сделать.
   *[other] Спасибо, получено { COUNT($count) } контакта. Без вашей просьбы мы никому не пишем; уточните, пожалуйста, что нужно сделать.
}
media-location = Спасибо, геопозиция получена. В каком районе искать? Пожалуйста, напишите его название.
media-order = Спасибо, ваш заказ получен. Здесь мы не принимаем заказы; вам напишет наш сотрудник.
media-form = Спасибо, ваша форма получена.
unsupported = Мы не можем открыть здесь такое сообщение. Пожалуйста, напишите нам текстом.
not-understood = Мы не совсем поняли вас. Пожалуйста, напишите иначе или выберите в меню.
failed = У нас что-то не сработало. Пожалуйста, попробуйте ещё раз немного позже.
