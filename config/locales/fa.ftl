# Persian: the polite «شما», nouns in the singular after a number, no Latin name at the beginning of a line.

language-name = فارسی
language-button = 🌐 زبان
language-chosen = از این پس به زبان فارسی برای شما می‌نویسیم.
choose-language = لطفاً زبان خود را از فهرست انتخاب کنید یا به همان زبان بنویسید.

welcome = به { $tenant } خوش آمدید! چه کمکی از ما برمی‌آید؟
welcome-back = دوباره به { $tenant } خوش آمدید.

help = درود! چند آژانس املاک از این شماره استفاده می‌کنند. برای شروع، لطفاً پیوندی را که آژانس به شما داده است باز کنید یا کد آن را اسکن کنید.
link-dead = این پیوند کار نمی‌کند. لطفاً از آژانس خود پیوند تازه‌ای بخواهید.
link-elsewhere = این پیوند برای آژانس دیگری است و اینجا کار نمی‌کند. این شماره متعلق به { $tenant } است.
tenant-closed = در حال حاضر { $tenant } از این شماره در دسترس نیست.

too-large-image = تصویر شما برای ما بیش از اندازه بزرگ است؛ حداکثر { SIZE($limit) } را می‌توانیم دریافت کنیم. لطفاً تصویر کوچک‌تری بفرستید.
too-large-voice = پیام صوتی شما برای ما بیش از اندازه طولانی است؛ حداکثر { SIZE($limit) } را می‌توانیم دریافت کنیم. لطفاً پیام کوتاه‌تری بفرستید یا برای ما بنویسید.
too-large-other = فایل شما برای ما بیش از اندازه بزرگ است؛ حداکثر { SIZE($limit) } را می‌توانیم دریافت کنیم. لطفاً فایل کوچک‌تری بفرستید.
timed-out-image = دریافت تصویر شما بیش از اندازه طول کشید. لطفاً آن را یک بار دیگر بفرستید.
timed-out-voice = دریافت پیام صوتی شما بیش از اندازه طول کشید. لطفاً آن را یک بار دیگر بفرستید یا برای ما بنویسید.
timed-out-other = دریافت فایل شما بیش از اندازه طول کشید. لطفاً آن را یک بار دیگر بفرستید.
medium-unreadable = آنچه فرستادید باز نشد. لطفاً آن را یک بار دیگر بفرستید.

# ── The menu, and words that stand on many buttons. A title of a button has 20 characters, of a row 24.

menu = لطفاً آنچه را نیاز دارید انتخاب کنید یا همین‌جا برای ما بنویسید.
menu-realty = یافتن ملک
menu-expo = نمایشگاه و رویداد
menu-support = پشتیبانی
menu-button = منوی اصلی
hello = سلام! چه کمکی از ما برمی‌آید؟
thanks = خواهش می‌کنیم!
choose = انتخاب
yes = بله
no = خیر
skip = رد شدن
no-preference = فرقی ندارد
more = موارد بیشتر
done = همین کافی است
back = بازگشت
cancel = لغو
person = گفت‌وگو با مشاور
person-ask = آیا مایلید با یکی از همکاران ما گفت‌وگو کنید؟
noted = یادداشت شد: { $value }
step-cancelled = بسیار خوب، این مرحله لغو شد. چه کار دیگری از ما برمی‌آید؟
nothing-to-cancel = در حال حاضر چیزی برای لغو وجود ندارد. چه کمکی از ما برمی‌آید؟
choose-again = لطفاً یکی از این گزینه‌ها را انتخاب کنید یا پاسخ خود را بنویسید.
choice-gone = این گزینه دیگر معتبر نیست. ادامه گفت‌وگو:

# ── Who somebody is. Names are used as they were written: no title, no part of them.

ask-name = لطفاً نام خود را برای ما بنویسید.
ask-name-again = نامی در پیام شما پیدا نکردیم. لطفاً فقط نام خود را بنویسید یا از این پرسش بگذرید.
name-noted = سپاسگزاریم، { $name }!
ask-phone = همکاران ما با چه شماره‌ای می‌توانند با شما تماس بگیرند؟ لطفاً شماره را با کد کشور بنویسید.
phone-noted = سپاسگزاریم. شماره ثبت‌شده: { $phone }
phone-unclear = این شماره خوانا نیست. لطفاً آن را با کد کشور بنویسید؛ برای نمونه { $phone }.

# ── What somebody looks for: questions, and the titles of their choices.

ask-goal = ملک را برای چه هدفی می‌خواهید؟
goal-investment = سرمایه‌گذاری
goal-living = سکونت
goal-residency = ویزای اقامت
ask-deal = قصد خرید دارید یا اجاره؟
deal-buy = خرید
deal-rent = اجاره
ask-category = ملک مسکونی می‌خواهید یا تجاری؟
category-residential = مسکونی
category-commercial = تجاری
ask-kind = چه نوع ملکی مورد نظر شماست؟
kind-apartment = آپارتمان
kind-villa = ویلا
kind-townhouse = تاون‌هاوس
kind-penthouse = پنت‌هاوس
kind-land = زمین
kind-office = دفتر کار
kind-shop = مغازه
kind-warehouse = انبار
ask-budget-buy = بودجه شما چقدر است؟ لطفاً انتخاب کنید یا مبلغ را بنویسید.
ask-budget-rent = بودجه شما برای اجاره سالانه چقدر است؟ لطفاً انتخاب کنید یا مبلغ را بنویسید.
budget-buy-to-1m = تا ۱ میلیون درهم
budget-buy-1m-2m = ۱ تا ۲ میلیون درهم
budget-buy-2m-5m = ۲ تا ۵ میلیون درهم
budget-buy-from-5m = بیش از ۵ میلیون درهم
budget-rent-to-60k = تا ۶۰ هزار درهم
budget-rent-60k-100k = ۶۰ تا ۱۰۰ هزار درهم
budget-rent-100k-200k = ۱۰۰ تا ۲۰۰ هزار درهم
budget-rent-from-200k = بیش از ۲۰۰ هزار درهم
confirm-amount = آیا منظور شما { $amount } است؟
ask-period = آیا { $amount } اجاره سالانه است یا ماهانه؟
period-year = سالانه
period-month = ماهانه
ask-currency = مبلغی که نوشتید { $amount } است. قیمت‌های ما به درهم است؛ بودجه شما به درهم چقدر است؟
budget-unclear = این مبلغ برای ما روشن نیست. لطفاً آن را به درهم بنویسید؛ برای نمونه { $amount }.
ask-place = کدام منطقه را می‌پسندید؟ می‌توانید چند منطقه را نام ببرید.
place-unknown = این منطقه را پیدا نکردیم. لطفاً از فهرست انتخاب کنید یا نام دیگری بنویسید.
place-any = همه مناطق
ask-bedrooms = چند اتاق خواب نیاز دارید؟
studio = استودیو
bedrooms = { COUNT($count) } خوابه
bedrooms-from = { COUNT($count) } خوابه و بیشتر
bedrooms-to = تا { COUNT($count) } خوابه
bedrooms-between = { COUNT($low) } تا { COUNT($count) } خوابه
bathrooms = { COUNT($count) } حمام
ask-amenities = کدام امکانات برای شما مهم است؟ می‌توانید چند مورد را انتخاب کنید یا بنویسید.
amenity-pool = استخر
amenity-gym = باشگاه ورزشی
amenity-parking = پارکینگ
amenity-balcony = بالکن
amenity-sea-view = چشم‌انداز دریا
amenity-garden = باغچه
amenity-furnished = مبله
amenity-maid-room = اتاق خدمتکار
amenity-pets = حیوان خانگی مجاز
ask-urgency = چه زمانی قصد نقل مکان یا نهایی کردن معامله را دارید؟
urgency-now = تا یک ماه دیگر
urgency-quarter = تا سه ماه دیگر
urgency-half-year = تا شش ماه دیگر
urgency-later = فعلاً فقط بررسی

# ── What is known of somebody's wishes, a line each.

wish = آنچه یادداشت کرده‌ایم:
wish-goal = هدف: { $value }
wish-deal = نوع معامله: { $value }
wish-category = کاربری: { $value }
wish-kind = نوع ملک: { $value }
wish-budget = بودجه: { $amount }
wish-places = منطقه: { $value }
wish-bedrooms = اتاق‌ها: { $bedrooms }
wish-amenities = ترجیحاً: { $value }
wish-urgency = زمان: { $value }

# ── Amounts, areas and shares. The words follow the number's plural.

money-aed = { COUNT($count) } درهم
money-aed-from = از { COUNT($count) } درهم
money-aed-to = تا { COUNT($count) } درهم
money-aed-between = { COUNT($low) } تا { COUNT($count) } درهم
money-usd = { COUNT($count) } دلار
money-eur = { COUNT($count) } یورو
money-gbp = { COUNT($count) } پوند
money-rub = { COUNT($count) } روبل
money-inr = { COUNT($count) } روپیه
money-irr = { COUNT($count) } ریال
money-irt = { COUNT($count) } تومان
money-other = { COUNT($count) } { $code }
money-from = از { $amount }
money-to = تا { $amount }
square-metres = { COUNT($count) } متر مربع
square-feet = { COUNT($count) } فوت مربع
any-amount = هر مبلغی

# ── Listings: what was found, the lines of a card, the nearest relaxations.

found = { COUNT($count) } ملک مطابق خواسته شما پیدا کردیم.
properties = { COUNT($count) } ملک
listing-place = موقعیت: { $place }
listing-price = قیمت: { $amount }
listing-rent = اجاره: { $amount } در سال
listing-yield = بازده اجاره مورد انتظار: { $percent } در سال
listing-residency = امکان درخواست ویزای اقامت دارد؛ تصمیم نهایی با مراجع رسمی است.
listing-residency-years = امکان درخواست ویزای اقامت { COUNT($count) } ساله دارد؛ تصمیم نهایی با مراجع رسمی است.
listing-amenities = امکانات: { $value }
listing-reference = شناسه ملک: { $reference }
listing-permit = شماره مجوز: { $permit }
listing-viewing = رزرو بازدید
listing-more = ملک بعدی
listing-sheet = برگه مشخصات
sheet-ready = برگه مشخصات { $listing } پیوست است.
sheet-instead = اکنون ارسال برگه مشخصات به صورت فایل ممکن نیست. متن آن:
sheet-foot = اطلاعات بر پایه اعلام آژانس و بدون تعهد است. بازده برآورد است و تضمین نمی‌شود.
no-match = هیچ‌یک از املاک ما با همه خواسته‌های شما مطابق نیست. نزدیک‌ترین گزینه‌ها:
no-match-at-all = در حال حاضر ملکی نزدیک به این خواسته نداریم. همکاران ما می‌توانند بیشتر جست‌وجو کنند؛ یا می‌توانید خواسته خود را تغییر دهید.
no-more = همه موارد مطابق را دیده‌اید. می‌توانید خواسته خود را تغییر دهید یا با مشاور ما گفت‌وگو کنید.
listing-gone = این ملک دیگر موجود نیست. آیا مایلید ملک‌های مشابه را ببینید؟
relax-budget = با بودجه دیگر: { $amount }
relax-place = در منطقه دیگر: { $place }
relax-place-any = در همه مناطق
relax-bedrooms = با تعداد خواب دیگر: { $bedrooms }
relax-kind = از نوع دیگر: { $value }
relax-budget-title = افزایش بودجه
relax-floor-title = کاهش کف بودجه
relax-place-title = منطقه دیگر
relax-bedrooms-title = تعداد خواب دیگر
relax-kind-title = نوع دیگر
change-search = تغییر جست‌وجو

# ── Viewings. $when is a weekday, a date and a time, with the name of the time zone.

viewing-offer = چه زمانی برای بازدید از { $listing } مناسب شماست؟
viewing-nearest = در آن زمان وقت آزادی نداریم. نزدیک‌ترین زمان‌ها برای بازدید از { $listing }:
viewing-button = زمان‌ها
viewing-no-slots = در روزهای آینده زمان آزادی برای بازدید از { $listing } نداریم. همکاران ما برای هماهنگی به شما پیام می‌دهند.
viewing-booked =
    بازدید شما ثبت شد.
    ملک: { $listing }
    زمان: { $when }
viewing-where = نشانی: { $place }
viewing-taken = این زمان چند لحظه پیش برای شخص دیگری ثبت شد. چه زمان دیگری برای شما مناسب است؟
viewing-passed = این زمان گذشته است. چه زمان دیگری برای شما مناسب است؟
viewing-already = در آن زمان بازدید دیگری دارید: { $when }
viewing-too-many = { COUNT($count) } بازدید در پیش دارید. لطفاً پیش از رزرو بازدید تازه، یکی را لغو کنید.
viewing-cancelled =
    بازدید شما لغو شد.
    ملک: { $listing }
    زمان: { $when }
viewing-cancel-ask =
    آیا بازدید شما را لغو کنیم؟
    ملک: { $listing }
    زمان: { $when }
viewing-kept = زمان بازدید شما تغییری نکرد: { $when }
viewing-reminder =
    یادآوری بازدید شما.
    ملک: { $listing }
    زمان: { $when }
viewing-yours = بازدیدهای شما:
viewing-none = بازدیدی برای شما ثبت نشده است.
viewing-another-time = زمان دیگر
viewing-cancel = لغو بازدید
viewing-keep = حفظ بازدید

# ── Questions in between: an answer, then the open question once more.

back-to-question = و اما پرسش ما:
answer-unknown = پاسخ دقیق این پرسش را اینجا نداریم. همکاران ما می‌توانند پاسخ دهند: اگر مایلید، لطفاً بنویسید «مشاور».
answer-bot = اینجا دستیار خودکار { $tenant } پاسخ می‌دهد. هر زمان بخواهید، همکاران ما گفت‌وگو را ادامه می‌دهند.
answer-residency = معمولاً مالکیت ملکی به ارزش دست‌کم { $amount } امکان درخواست ویزای اقامت بلندمدت می‌دهد. تصمیم نهایی با مراجع رسمی است و مقررات تغییر می‌کند.
answer-commission = معمولاً خریدار هزینه انتقال سند برابر با { $percent } قیمت و کمیسیون آژانس را می‌پردازد. همکاران ما رقم دقیق را به شما می‌گویند.
answer-ownership = در دبی، اتباع خارجی می‌توانند در مناطق تعیین‌شده مالک کامل ملک شوند.
answer-mortgage = بانک‌ها به افراد مقیم و غیرمقیم با شرایط متفاوت وام می‌دهند. همکاران ما شما را راهنمایی می‌کنند.
answer-price = قیمت را مالک تعیین می‌کند. اگر ملک را پسندیدید، همکاران ما درباره قیمت با مالک گفت‌وگو می‌کنند.
answer-service-charge = شارژ سالانه در هر ساختمان متفاوت است. همکاران ما رقم دقیق هر ملک را به شما می‌گویند.
answer-payment-plan = طرح اقساط بیشتر برای پروژه‌های نوساز است و شرایط هر پروژه متفاوت است. همکاران ما شرایط را برای شما می‌فرستند.
answer-handover = زمان تحویل هر ملک متفاوت است. همکاران ما تاریخ تحویل ملک مورد نظر شما را تأیید می‌کنند.
answer-viewing = از همه املاکی که نشان می‌دهیم می‌توانید بازدید کنید: ملک و سپس زمان را انتخاب کنید تا همکاران ما همراه شما باشند.
answer-yield = بازده در مواردی که مالک یا آژانس اعلام کرده باشد نوشته می‌شود. این رقم برآورد است و تضمین نیست.
answer-location = منطقه هر ملک همراه آن نوشته شده است. همکاران ما موقعیت دقیق و مسیر را برای شما می‌فرستند.
answer-privacy = آنچه می‌نویسید فقط برای یافتن ملک مناسب شما به کار می‌رود. برای قطع پیام‌های ما، لطفاً بنویسید: لغو اشتراک

# ── A person takes over, and gives back.

handover-expect = به همکاران خود خبر دادیم؛ معمولاً تا { COUNT($count) } دقیقه دیگر همین‌جا به شما پاسخ می‌دهند. در این فاصله می‌توانید به نوشتن ادامه دهید.
handover-later = به همکاران خود خبر دادیم. دفتر ما اکنون بسته است؛ پس از باز شدن به شما پاسخ می‌دهیم: { $when }
handover-waiting = درخواست شما را فراموش نکرده‌ایم؛ به همکار دیگری هم خبر دادیم که همین‌جا به شما پاسخ می‌دهد.
handover-already = به همکاران ما خبر داده شده است و همین‌جا به شما پاسخ می‌دهند.
handover-joined = از همکاران ما، { $name } اکنون در این گفت‌وگو حضور دارد.
handover-joined-unnamed = یکی از همکاران ما اکنون در این گفت‌وگو حضور دارد.
handover-resumed = دستیار خودکار دوباره پاسخ می‌دهد. هر آنچه گفته بودید محفوظ است.
handover-nobody = درخواست شما ثبت شد. همکاران ما در نخستین فرصت همین‌جا به شما پاسخ می‌دهند.
handover-call =
    گفت‌وگویی در انتظار پاسخ شماست: { $name }
    خلاصه: { $text }
    پیوند: { $link }
handover-accept = گفت‌وگو با من
handover-yours = این گفت‌وگو اکنون با شماست: { $name } پیوند: { $link } برای بازگشت دستیار، لطفاً همین‌جا /bot بنویسید.
handover-gone = این گفت‌وگو دیگر در انتظار پاسخ نیست: { $name }
handover-given-back = دستیار به این گفت‌وگو بازگشت: { $name }

# ── Expo: an event's facts and a request for a meeting.

expo-name = رویداد: { $name }
expo-from = آغاز: { $when }
expo-until = پایان: { $when }
expo-place = محل: { $place }
expo-stand = غرفه: { $stand }
expo-link = اطلاعات بیشتر: { $link }
expo-none = در حال حاضر رویدادی در برنامه نیست. می‌توانیم علاقه شما را یادداشت کنیم.
expo-meet = درخواست ملاقات
expo-meeting-ask = چه روز و ساعتی برای ملاقات مناسب شماست؟
expo-meeting-stored = درخواست ملاقات شما با شماره { $number } ثبت شد. همکاران ما زمان آن را همین‌جا تأیید می‌کنند.
expo-interest-stored = علاقه‌مندی شما با شماره { $number } ثبت شد.

# ── Support: a stored request with its number and status.

support-ask = لطفاً موضوع را در یک پیام برای ما بنویسید.
support-too-short = لطفاً کمی بیشتر توضیح دهید تا همکاران ما بتوانند کمک کنند.
support-stored = درخواست شما با شماره { $number } ثبت شد. وضعیت: { $status }
support-status = درخواست شماره { $number }. وضعیت: { $status }
support-unknown = درخواستی با شماره { $number } پیدا نکردیم.
support-none = درخواستی از شما ثبت نشده است.
support-new = درخواست تازه
support-look = وضعیت درخواست
status-open = باز
status-in-work = در دست بررسی
status-solved = حل شد

# ── Consent: leaving, and how to come back.

opted-out = از این پس پیامی از ما دریافت نمی‌کنید. برای دریافت دوباره پیام‌ها، لطفاً بنویسید: اشتراک
opted-out-already = در حال حاضر پیامی از ما دریافت نمی‌کنید. برای دریافت دوباره پیام‌ها، لطفاً بنویسید: اشتراک
opted-in = سپاسگزاریم، دوباره برای شما پیام می‌فرستیم. برای قطع پیام‌ها در هر زمان، لطفاً بنویسید: لغو اشتراک

# ── Follow-up: three gentle reminders, the last says that it is the last.

nudge-first = آیا از همان‌جا که بودیم ادامه دهیم؟
nudge-second = جست‌وجوی شما محفوظ است. برای ادامه، یک پاسخ کافی است.
nudge-last = دیگر یادآوری نمی‌کنیم. هر زمان مایل بودید همین‌جا بنویسید تا کمک کنیم.
nudge-continue = ادامه
nudge-not-now = اکنون نه

# ── Templates, for outside the window in which people can be answered freely: one line each.

template-answer = پیامی از { $tenant }: پاسخ پرسش شما آماده است. برای خواندن آن، لطفاً همین‌جا پاسخ دهید.
template-continue = پیامی از { $tenant }: جست‌وجوی ملک شما محفوظ است. برای ادامه، لطفاً همین‌جا پاسخ دهید.
template-viewing = پیامی از { $tenant }: یادآوری بازدید شما از { $listing }: { $when }
template-handover = گفت‌وگوی تازه برای شما: { $name } در انتظار پاسخ است. خلاصه: { $text } پیوند: { $link }
window-closed = مهلت پاسخ آزاد این گفت‌وگو گذشته است؛ فقط ارسال پیام الگو ممکن است.
apology = پوزش می‌خواهیم؛ مدتی امکان پاسخ‌گویی نداشتیم. پیام‌های شما رسیده است؛ لطفاً بنویسید اکنون چه کمکی از ما برمی‌آید.

# ── What is not text: said honestly, what we can do with it.

media-image = سپاسگزاریم، تصویر شما رسید. دستیار خودکار تصویر را نمی‌بیند؛ همکاران ما می‌توانند آن را ببینند.
media-voice = سپاسگزاریم، پیام صوتی شما رسید. دستیار خودکار نمی‌تواند آن را بشنود؛ لطفاً خواسته خود را در چند کلمه بنویسید.
media-audio = سپاسگزاریم، فایل صوتی شما رسید. دستیار خودکار نمی‌تواند آن را بشنود؛ لطفاً خواسته خود را در چند کلمه بنویسید.
media-video = سپاسگزاریم، ویدیوی شما رسید. دستیار خودکار نمی‌تواند آن را ببیند؛ همکاران ما می‌توانند.
media-document = سپاسگزاریم، سند شما رسید. دستیار خودکار نمی‌تواند آن را بخواند؛ همکاران ما می‌توانند.
media-sticker = برای استیکر سپاسگزاریم! چه کمکی از ما برمی‌آید؟
media-voice-heard = شنیدیم: { $text }
media-image-seen = در تصویر شما می‌بینیم: { $text }
media-image-like = نزدیک‌ترین ملکی که به آن داریم:
media-contacts = سپاسگزاریم، { COUNT($count) } مخاطب رسید. بدون درخواست شما به کسی پیام نمی‌دهیم؛ لطفاً بنویسید چه کاری لازم است.
media-location = سپاسگزاریم، موقعیت مکانی رسید. در کدام منطقه جست‌وجو کنیم؟ لطفاً نام آن را بنویسید.
media-order = سپاسگزاریم، سفارش شما رسید. اینجا سفارش ثبت نمی‌کنیم؛ همکاران ما به شما پیام می‌دهند.
media-form = سپاسگزاریم، فرم شما رسید.
unsupported = این نوع پیام اینجا باز نمی‌شود. لطفاً خواسته خود را بنویسید.
not-understood = منظور شما برای ما روشن نشد. لطفاً آن را به شکل دیگری بنویسید یا از منو انتخاب کنید.
failed = مشکلی از سوی ما پیش آمد. لطفاً کمی بعد دوباره امتحان کنید.
