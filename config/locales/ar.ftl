# Arabic: no gendered imperative («يرجى» and the plural of respect), all six plural categories, no Latin name at the
# beginning of a line.

language-name = العربية
language-button = 🌐 اللغة
language-chosen = سنكتب إليكم باللغة العربية من الآن فصاعدًا.
choose-language = يرجى اختيار اللغة من القائمة أو الكتابة بها مباشرة.

welcome = أهلًا بكم في { $tenant }! كيف يمكننا مساعدتكم؟
welcome-back = أهلًا بكم مجددًا في { $tenant }.

help = مرحبًا! تتشارك عدة وكالات عقارية هذا الرقم. للبدء، يرجى فتح الرابط الذي حصلتم عليه من وكالتكم أو مسح الرمز الخاص بها.
link-dead = هذا الرابط لا يعمل. يرجى طلب رابط جديد من وكالتكم.
link-elsewhere = هذا الرابط يخص وكالة أخرى ولا يعمل هنا. هذا الرقم خاص بـ { $tenant }.
tenant-closed = لا يمكن التواصل حاليًا مع { $tenant } عبر هذا الرقم.

too-large-image = حجم صورتكم أكبر مما يمكننا استلامه، والحد الأقصى هو { SIZE($limit) }. يرجى إرسال صورة أصغر.
too-large-voice = رسالتكم الصوتية أطول مما يمكننا استلامه، والحد الأقصى هو { SIZE($limit) }. يرجى إرسال رسالة أقصر أو الكتابة إلينا.
too-large-other = حجم ملفكم أكبر مما يمكننا استلامه، والحد الأقصى هو { SIZE($limit) }. يرجى إرسال ملف أصغر.
timed-out-image = استغرق استلام صورتكم وقتًا أطول من اللازم. يرجى إرسالها مرة أخرى.
timed-out-voice = استغرق استلام رسالتكم الصوتية وقتًا أطول من اللازم. يرجى إرسالها مرة أخرى أو الكتابة إلينا.
timed-out-other = استغرق استلام ملفكم وقتًا أطول من اللازم. يرجى إرساله مرة أخرى.
medium-unreadable = تعذّر فتح ما أرسلتموه. يرجى إرساله مرة أخرى.

# ── The menu, and words that stand on many buttons. A title of a button has 20 characters, of a row 24.

menu = يرجى اختيار ما تحتاجون إليه أو الكتابة إلينا مباشرة.
menu-realty = البحث عن عقار
menu-expo = المعارض والفعاليات
menu-support = الدعم
menu-button = القائمة الرئيسية
hello = مرحبًا! كيف يمكننا مساعدتكم؟
thanks = على الرحب والسعة!
choose = اختيار
yes = نعم
no = لا
skip = تخطي
no-preference = لا يوجد تفضيل
more = عرض المزيد
done = هذا كل شيء
back = رجوع
cancel = إلغاء
person = التحدث مع موظف
person-ask = هل ترغبون في التحدث مع أحد زملائنا؟
noted = تم التسجيل: { $value }
step-cancelled = حسنًا، تم إلغاء هذه الخطوة. كيف يمكننا مساعدتكم الآن؟
nothing-to-cancel = لا يوجد ما يمكن إلغاؤه حاليًا. كيف يمكننا مساعدتكم؟
choose-again = يرجى اختيار أحد هذه الخيارات أو الكتابة بكلماتكم.
choice-gone = هذا الخيار لم يعد صالحًا. نتابع من هنا:

# ── Who somebody is. Names are used as they were written: no title, no part of them.

ask-name = هل يمكننا معرفة اسمكم؟
ask-name-again = لم نتمكن من معرفة الاسم. يرجى كتابة الاسم فقط أو تخطي هذا السؤال.
name-noted = شكرًا لكم، { $name }!
ask-phone = على أي رقم يمكن لزملائنا الاتصال بكم؟ يرجى كتابة الرقم مع رمز الدولة.
phone-noted = شكرًا لكم. الرقم المسجل: { $phone }
phone-unclear = لم نتمكن من قراءة هذا الرقم. يرجى كتابته مع رمز الدولة، مثلًا { $phone }.

# ── What somebody looks for: questions, and the titles of their choices.

ask-goal = ما الغرض من العقار؟
goal-investment = الاستثمار
goal-living = السكن
goal-residency = تأشيرة الإقامة
ask-deal = هل ترغبون في الشراء أم الإيجار؟
deal-buy = شراء
deal-rent = إيجار
ask-category = هل تبحثون عن عقار سكني أم تجاري؟
category-residential = سكني
category-commercial = تجاري
ask-kind = ما نوع العقار المطلوب؟
kind-apartment = شقة
kind-villa = فيلا
kind-townhouse = تاون هاوس
kind-penthouse = بنتهاوس
kind-land = أرض
kind-office = مكتب
kind-shop = محل تجاري
kind-warehouse = مستودع
ask-budget-buy = ما هي ميزانيتكم؟ يرجى الاختيار أو كتابة المبلغ.
ask-budget-rent = ما هي ميزانيتكم للإيجار السنوي؟ يرجى الاختيار أو كتابة المبلغ.
budget-buy-to-1m = حتى 1 مليون درهم
budget-buy-1m-2m = من 1 إلى 2 مليون درهم
budget-buy-2m-5m = من 2 إلى 5 ملايين درهم
budget-buy-from-5m = أكثر من 5 ملايين درهم
budget-rent-to-60k = حتى 60 ألف درهم
budget-rent-60k-100k = من 60 إلى 100 ألف درهم
budget-rent-100k-200k = من 100 إلى 200 ألف درهم
budget-rent-from-200k = أكثر من 200 ألف درهم
confirm-amount = هل تقصدون { $amount }؟
ask-period = هل { $amount } إيجار سنوي أم شهري؟
period-year = سنوي
period-month = شهري
ask-currency = المبلغ الذي كتبتموه هو { $amount }. أسعارنا بالدرهم الإماراتي، فكم تبلغ ميزانيتكم بالدرهم؟
budget-unclear = لم نتمكن من قراءة هذا المبلغ. يرجى كتابته بالدرهم، مثلًا { $amount }.
ask-place = ما المنطقة المفضلة لديكم؟ يمكنكم ذكر أكثر من منطقة.
place-unknown = لم نجد هذه المنطقة. يرجى الاختيار من القائمة أو كتابة اسم آخر.
place-any = أي منطقة
ask-bedrooms = كم غرفة نوم تحتاجون؟
studio = استوديو
bedrooms = { $count ->
    [zero] استوديو
    [one] غرفة نوم واحدة
    [two] غرفتا نوم
    [few] { COUNT($count) } غرف نوم
    [many] { COUNT($count) } غرفة نوم
   *[other] { COUNT($count) } غرفة نوم
}
bedrooms-from = { $count ->
    [zero] استوديو أو أكثر
    [one] غرفة نوم أو أكثر
    [two] غرفتا نوم أو أكثر
    [few] { COUNT($count) } غرف نوم أو أكثر
    [many] { COUNT($count) } غرفة نوم أو أكثر
   *[other] { COUNT($count) } غرفة نوم أو أكثر
}
bedrooms-to = { $count ->
    [zero] استوديو
    [one] حتى غرفة نوم واحدة
    [two] حتى غرفتي نوم
    [few] حتى { COUNT($count) } غرف نوم
    [many] حتى { COUNT($count) } غرفة نوم
   *[other] حتى { COUNT($count) } غرفة نوم
}
bedrooms-between = { $count ->
    [zero] استوديو
    [one] من { COUNT($low) } إلى { COUNT($count) } غرفة نوم
    [two] من { COUNT($low) } إلى { COUNT($count) } غرفة نوم
    [few] من { COUNT($low) } إلى { COUNT($count) } غرف نوم
    [many] من { COUNT($low) } إلى { COUNT($count) } غرفة نوم
   *[other] من { COUNT($low) } إلى { COUNT($count) } غرفة نوم
}
bathrooms = { $count ->
    [zero] بلا حمام
    [one] حمام واحد
    [two] حمامان
    [few] { COUNT($count) } حمامات
    [many] { COUNT($count) } حمامًا
   *[other] { COUNT($count) } حمام
}
ask-amenities = هل هناك مزايا تهمكم؟ يمكنكم اختيار أو كتابة أكثر من ميزة.
amenity-pool = مسبح
amenity-gym = صالة رياضية
amenity-parking = موقف سيارات
amenity-balcony = شرفة
amenity-sea-view = إطلالة بحرية
amenity-garden = حديقة
amenity-furnished = مفروش
amenity-maid-room = غرفة خادمة
amenity-pets = يسمح بالحيوانات الأليفة
ask-urgency = متى ترغبون في الانتقال أو إتمام الصفقة؟
urgency-now = خلال شهر
urgency-quarter = خلال ثلاثة أشهر
urgency-half-year = خلال ستة أشهر
urgency-later = مجرد اطلاع حاليًا

# ── What is known of somebody's wishes, a line each.

wish = هذا ما سجّلناه:
wish-goal = الغرض: { $value }
wish-deal = نوع المعاملة: { $value }
wish-category = الفئة: { $value }
wish-kind = نوع العقار: { $value }
wish-budget = الميزانية: { $amount }
wish-places = المنطقة: { $value }
wish-bedrooms = الغرف: { $bedrooms }
wish-amenities = المزايا المفضلة: { $value }
wish-urgency = الموعد: { $value }

# ── Amounts, areas and shares. The words follow the number's plural.

money-aed = { $count ->
    [zero] { COUNT($count) } درهم إماراتي
    [one] درهم إماراتي واحد
    [two] درهمان إماراتيان
    [few] { COUNT($count) } دراهم إماراتية
    [many] { COUNT($count) } درهمًا إماراتيًا
   *[other] { COUNT($count) } درهم إماراتي
}
money-aed-from = { $count ->
    [zero] من { COUNT($count) } درهم إماراتي
    [one] من درهم إماراتي واحد
    [two] من درهمين إماراتيين
    [few] من { COUNT($count) } دراهم إماراتية
    [many] من { COUNT($count) } درهمًا إماراتيًا
   *[other] من { COUNT($count) } درهم إماراتي
}
money-aed-to = { $count ->
    [zero] حتى { COUNT($count) } درهم إماراتي
    [one] حتى درهم إماراتي واحد
    [two] حتى درهمين إماراتيين
    [few] حتى { COUNT($count) } دراهم إماراتية
    [many] حتى { COUNT($count) } درهمًا إماراتيًا
   *[other] حتى { COUNT($count) } درهم إماراتي
}
money-aed-between = { $count ->
    [zero] من { COUNT($low) } إلى { COUNT($count) } درهم إماراتي
    [one] من { COUNT($low) } إلى { COUNT($count) } درهم إماراتي
    [two] من { COUNT($low) } إلى { COUNT($count) } درهم إماراتي
    [few] من { COUNT($low) } إلى { COUNT($count) } دراهم إماراتية
    [many] من { COUNT($low) } إلى { COUNT($count) } درهمًا إماراتيًا
   *[other] من { COUNT($low) } إلى { COUNT($count) } درهم إماراتي
}
money-usd = { $count ->
    [zero] { COUNT($count) } دولار
    [one] دولار واحد
    [two] دولاران
    [few] { COUNT($count) } دولارات
    [many] { COUNT($count) } دولارًا
   *[other] { COUNT($count) } دولار
}
money-eur = { COUNT($count) } يورو
money-gbp = { $count ->
    [zero] { COUNT($count) } جنيه إسترليني
    [one] جنيه إسترليني واحد
    [two] جنيهان إسترلينيان
    [few] { COUNT($count) } جنيهات إسترلينية
    [many] { COUNT($count) } جنيهًا إسترلينيًا
   *[other] { COUNT($count) } جنيه إسترليني
}
money-rub = { $count ->
    [zero] { COUNT($count) } روبل
    [one] روبل واحد
    [two] روبلان
    [few] { COUNT($count) } روبلات
    [many] { COUNT($count) } روبلًا
   *[other] { COUNT($count) } روبل
}
money-inr = { $count ->
    [zero] { COUNT($count) } روبية هندية
    [one] روبية هندية واحدة
    [two] روبيتان هنديتان
    [few] { COUNT($count) } روبيات هندية
    [many] { COUNT($count) } روبية هندية
   *[other] { COUNT($count) } روبية هندية
}
money-irr = { $count ->
    [zero] { COUNT($count) } ريال
    [one] ريال واحد
    [two] ريالان
    [few] { COUNT($count) } ريالات
    [many] { COUNT($count) } ريالًا
   *[other] { COUNT($count) } ريال
}
money-irt = { COUNT($count) } تومان
money-other = { COUNT($count) } { $code }
money-from = من { $amount }
money-to = حتى { $amount }
square-metres = { $count ->
    [zero] { COUNT($count) } متر مربع
    [one] متر مربع واحد
    [two] متران مربعان
    [few] { COUNT($count) } أمتار مربعة
    [many] { COUNT($count) } مترًا مربعًا
   *[other] { COUNT($count) } متر مربع
}
square-feet = { $count ->
    [zero] { COUNT($count) } قدم مربعة
    [one] قدم مربعة واحدة
    [two] قدمان مربعتان
    [few] { COUNT($count) } أقدام مربعة
    [many] { COUNT($count) } قدمًا مربعة
   *[other] { COUNT($count) } قدم مربعة
}
any-amount = أي مبلغ

# ── Listings: what was found, the lines of a card, the nearest relaxations.

found = { $count ->
    [zero] لم نجد عقارات مطابقة لطلبكم.
    [one] وجدنا عقارًا واحدًا مطابقًا لطلبكم.
    [two] وجدنا عقارين مطابقين لطلبكم.
    [few] وجدنا { COUNT($count) } عقارات مطابقة لطلبكم.
    [many] وجدنا { COUNT($count) } عقارًا مطابقًا لطلبكم.
   *[other] وجدنا { COUNT($count) } عقار مطابق لطلبكم.
}
properties = { $count ->
    [zero] لا عقارات
    [one] عقار واحد
    [two] عقاران
    [few] { COUNT($count) } عقارات
    [many] { COUNT($count) } عقارًا
   *[other] { COUNT($count) } عقار
}
listing-place = الموقع: { $place }
listing-price = السعر: { $amount }
listing-rent = الإيجار: { $amount } سنويًا
listing-yield = العائد الإيجاري المتوقع: { $percent } سنويًا
listing-residency = قد يتيح التقديم على تأشيرة الإقامة، والقرار للجهات الرسمية.
listing-residency-years = { $count ->
    [zero] قد يتيح التقديم على تأشيرة الإقامة، والقرار للجهات الرسمية.
    [one] قد يتيح التقديم على تأشيرة إقامة لمدة سنة واحدة، والقرار للجهات الرسمية.
    [two] قد يتيح التقديم على تأشيرة إقامة لمدة سنتين، والقرار للجهات الرسمية.
    [few] قد يتيح التقديم على تأشيرة إقامة لمدة { COUNT($count) } سنوات، والقرار للجهات الرسمية.
    [many] قد يتيح التقديم على تأشيرة إقامة لمدة { COUNT($count) } سنة، والقرار للجهات الرسمية.
   *[other] قد يتيح التقديم على تأشيرة إقامة لمدة { COUNT($count) } سنة، والقرار للجهات الرسمية.
}
listing-amenities = المزايا: { $value }
listing-reference = الرقم المرجعي: { $reference }
listing-permit = رقم التصريح: { $permit }
listing-viewing = حجز معاينة
listing-more = عقار آخر
listing-sheet = بطاقة العقار
sheet-ready = بطاقة العقار في المرفق: { $listing }
sheet-instead = يتعذّر حاليًا إرسال بطاقة العقار في ملف. وهذا نصها:
sheet-foot = المعلومات كما أفاد بها المكتب ودون التزام. العائد تقديري وغير مضمون.
no-match = لا يوجد لدينا حاليًا عقار يطابق كل ما طلبتموه. أقرب الخيارات:
no-match-at-all = لا يوجد لدينا حاليًا عقار قريب من طلبكم. يمكن لأحد زملائنا متابعة البحث، أو يمكنكم تعديل الطلب.
no-more = لقد اطلعتم على كل العقارات المطابقة. يمكنكم تعديل الطلب أو التحدث مع موظف.
listing-gone = لم يعد هذا العقار متاحًا. هل ترغبون في الاطلاع على عقارات مشابهة؟
relax-budget = بميزانية أخرى: { $amount }
relax-place = في منطقة أخرى: { $place }
relax-place-any = في أي منطقة
relax-bedrooms = بعدد غرف مختلف: { $bedrooms }
relax-kind = من نوع آخر: { $value }
relax-budget-title = رفع الميزانية
relax-floor-title = خفض الحد الأدنى
relax-place-title = منطقة أخرى
relax-bedrooms-title = عدد غرف آخر
relax-kind-title = نوع آخر
change-search = تعديل البحث

# ── Viewings. $when is a weekday, a date and a time, with the name of the time zone.

viewing-offer = متى يناسبكم موعد معاينة { $listing }؟
viewing-nearest = لا يوجد موعد شاغر في ذلك الوقت. أقرب المواعيد لمعاينة { $listing }:
viewing-button = المواعيد
viewing-no-slots = لا توجد مواعيد شاغرة لمعاينة { $listing } في الأيام المقبلة. سيراسلكم أحد زملائنا لترتيب موعد.
viewing-booked =
    تم حجز موعد المعاينة.
    العقار: { $listing }
    الموعد: { $when }
viewing-where = العنوان: { $place }
viewing-taken = تم حجز هذا الموعد قبل لحظات لشخص آخر. أي موعد آخر يناسبكم؟
viewing-passed = لقد مضى هذا الموعد. أي موعد آخر يناسبكم؟
viewing-already = لديكم معاينة أخرى في الموعد نفسه: { $when }
viewing-too-many = { $count ->
    [zero] لا توجد لديكم معاينات مقبلة. يرجى اختيار موعد.
    [one] لديكم معاينة واحدة مقبلة. يرجى إلغاؤها قبل حجز موعد آخر.
    [two] لديكم معاينتان مقبلتان. يرجى إلغاء إحداهما قبل حجز موعد آخر.
    [few] لديكم { COUNT($count) } معاينات مقبلة. يرجى إلغاء إحداها قبل حجز موعد آخر.
    [many] لديكم { COUNT($count) } معاينة مقبلة. يرجى إلغاء إحداها قبل حجز موعد آخر.
   *[other] لديكم { COUNT($count) } معاينة مقبلة. يرجى إلغاء إحداها قبل حجز موعد آخر.
}
viewing-cancelled =
    تم إلغاء موعد المعاينة.
    العقار: { $listing }
    الموعد: { $when }
viewing-cancel-ask =
    هل نلغي موعد المعاينة؟
    العقار: { $listing }
    الموعد: { $when }
viewing-kept = يبقى موعد معاينتكم كما هو: { $when }
viewing-reminder =
    تذكير بموعد المعاينة.
    العقار: { $listing }
    الموعد: { $when }
viewing-yours = مواعيد معايناتكم:
viewing-none = لا يوجد موعد معاينة محجوز لكم.
viewing-another-time = موعد آخر
viewing-cancel = إلغاء المعاينة
viewing-keep = الإبقاء عليه

# ── Questions in between: an answer, then the open question once more.

back-to-question = نعود إلى سؤالنا:
answer-unknown = لا نملك هنا إجابة مؤكدة عن هذا السؤال. يمكن لأحد زملائنا الإجابة: عند الرغبة يرجى كتابة «موظف».
answer-bot = معكم المساعد الآلي لدى { $tenant }. يمكن لزملائنا متابعة المحادثة متى طلبتم ذلك.
answer-residency = عادةً ما يتيح امتلاك عقار بقيمة لا تقل عن { $amount } التقديم على تأشيرة إقامة طويلة الأمد. القرار للجهات الرسمية، وقد تتغير الأنظمة.
answer-commission = عادةً ما يدفع المشتري رسوم نقل ملكية بنسبة { $percent } من السعر إضافة إلى عمولة الوكالة. يمكن لزملائنا تزويدكم بالأرقام الدقيقة.
answer-ownership = في دبي يمكن للأجانب التملك الحر في المناطق المخصصة لذلك.
answer-mortgage = تقدم البنوك قروضًا للمقيمين وغير المقيمين بشروط مختلفة. يمكن لزملائنا توضيح المتاح لكم.
answer-price = يحدد المالك السعر. إذا ناسبكم العقار، يمكن لزملائنا مناقشة السعر معه.
answer-service-charge = تختلف رسوم الخدمات السنوية من مبنى إلى آخر. يمكن لزملائنا تزويدكم بالرقم الدقيق لكل عقار.
answer-payment-plan = خطط السداد متاحة غالبًا للمشاريع الجديدة وتختلف من مشروع إلى آخر. يمكن لزملائنا إرسال الشروط إليكم.
answer-handover = يختلف موعد التسليم من عقار إلى آخر. يمكن لزملائنا تأكيد الموعد للعقار الذي يناسبكم.
answer-viewing = يمكنكم معاينة كل عقار نعرضه: بعد اختيار العقار والموعد يستقبلكم أحد زملائنا هناك.
answer-yield = يُذكر العائد حيث يصرح به المالك أو الوكالة، وهو تقدير وليس ضمانًا.
answer-location = المنطقة مذكورة مع كل عقار. يمكن لزملائنا إرسال الموقع الدقيق وطريق الوصول إليكم.
answer-privacy = نستخدم ما تكتبونه لمساعدتكم في إيجاد عقار فقط. لإيقاف رسائلنا، يرجى كتابة: إلغاء الاشتراك

# ── A person takes over, and gives back.

handover-expect = { $count ->
    [zero] أبلغنا أحد زملائنا وسيراسلكم هنا بعد قليل. يمكنكم متابعة الكتابة في هذه الأثناء.
    [one] أبلغنا أحد زملائنا وسيراسلكم هنا، عادةً خلال دقيقة واحدة. يمكنكم متابعة الكتابة في هذه الأثناء.
    [two] أبلغنا أحد زملائنا وسيراسلكم هنا، عادةً خلال دقيقتين. يمكنكم متابعة الكتابة في هذه الأثناء.
    [few] أبلغنا أحد زملائنا وسيراسلكم هنا، عادةً خلال { COUNT($count) } دقائق. يمكنكم متابعة الكتابة في هذه الأثناء.
    [many] أبلغنا أحد زملائنا وسيراسلكم هنا، عادةً خلال { COUNT($count) } دقيقة. يمكنكم متابعة الكتابة في هذه الأثناء.
   *[other] أبلغنا أحد زملائنا وسيراسلكم هنا، عادةً خلال { COUNT($count) } دقيقة. يمكنكم متابعة الكتابة في هذه الأثناء.
}
handover-later = أبلغنا أحد زملائنا. مكتبنا مغلق الآن، وسنراسلكم بعد افتتاحه: { $when }
handover-waiting = طلبكم محل اهتمامنا: أبلغنا زميلًا آخر وسيراسلكم هنا.
handover-already = تم إبلاغ أحد زملائنا وسيراسلكم هنا.
handover-joined = معكم الآن في هذه المحادثة من فريقنا: { $name }
handover-joined-unnamed = معكم الآن في هذه المحادثة أحد زملائنا.
handover-resumed = عاد المساعد الآلي إلى المحادثة، وكل ما ذكرتموه محفوظ.
handover-nobody = تم تسجيل طلبكم. سيراسلكم أحد زملائنا هنا في أقرب وقت ممكن.
handover-call =
    محادثة بانتظار ردكم: { $name }
    الملخص: { $text }
    الرابط: { $link }
handover-accept = سأتولى المحادثة
handover-yours = المحادثة الآن لكم، العميل: { $name } الرابط: { $link } لإعادتها إلى المساعد يرجى كتابة /bot هنا
handover-gone = لم تعد هذه المحادثة بانتظار الرد. العميل: { $name }
handover-given-back = عاد المساعد الآلي إلى المحادثة. العميل: { $name }

# ── Expo: an event's facts and a request for a meeting.

expo-name = الفعالية: { $name }
expo-from = الافتتاح: { $when }
expo-until = الختام: { $when }
expo-place = المكان: { $place }
expo-stand = الجناح: { $stand }
expo-link = مزيد من المعلومات: { $link }
expo-none = لا توجد فعاليات مقررة حاليًا. يمكننا تسجيل اهتمامكم.
expo-meet = طلب اجتماع
expo-meeting-ask = أي يوم ووقت يناسبكم للاجتماع؟
expo-meeting-stored = تم تسجيل طلب الاجتماع برقم { $number }. سيؤكد أحد زملائنا الموعد هنا.
expo-interest-stored = تم تسجيل اهتمامكم برقم { $number }.

# ── Support: a stored request with its number and status.

support-ask = يرجى وصف المشكلة في رسالة واحدة.
support-too-short = يرجى إضافة بعض التفاصيل ليتمكن زملاؤنا من مساعدتكم.
support-stored = تم تسجيل طلبكم برقم { $number }. الحالة: { $status }
support-status = الطلب رقم { $number }. الحالة: { $status }
support-unknown = لم نجد طلبًا بالرقم { $number }.
support-none = لا توجد لديكم طلبات مسجلة.
support-new = طلب جديد
support-look = حالة الطلب
status-open = مفتوح
status-in-work = قيد المعالجة
status-solved = تم الحل

# ── Consent: leaving, and how to come back.

opted-out = لن تصلكم رسائل منا بعد الآن. لاستئناف الرسائل، يرجى كتابة: اشتراك
opted-out-already = رسائلنا إليكم متوقفة حاليًا. لاستئنافها، يرجى كتابة: اشتراك
opted-in = شكرًا لكم، ستصلكم رسائلنا من جديد. لإيقافها في أي وقت، يرجى كتابة: إلغاء الاشتراك

# ── Follow-up: three gentle reminders, the last says that it is the last.

nudge-first = هل نتابع من حيث توقفنا؟
nudge-second = بحثكم محفوظ. رسالة واحدة منكم تكفي للمتابعة.
nudge-last = لن نرسل تذكيرًا آخر. متى رغبتم، تكفي رسالة هنا لنساعدكم.
nudge-continue = متابعة
nudge-not-now = ليس الآن

# ── Templates, for outside the window in which people can be answered freely: one line each.

template-answer = رسالة من { $tenant }: لدينا إجابة عن سؤالكم. للاطلاع عليها يرجى الرد هنا.
template-continue = رسالة من { $tenant }: بحثكم عن عقار محفوظ. للمتابعة يرجى الرد هنا.
template-viewing = رسالة من { $tenant }: تذكير بموعد معاينة { $listing }: { $when }
template-handover = محادثة جديدة لكم: { $name } بانتظار الرد. الملخص: { $text } الرابط: { $link }
window-closed = انتهت مهلة الرد الحر في هذه المحادثة، ولا يمكن إرسال سوى رسالة نموذجية.
apology = نعتذر منكم: تعذّر علينا الرد هنا لبعض الوقت. رسائلكم وصلتنا، ويرجى إخبارنا كيف يمكننا مساعدتكم الآن.

# ── What is not text: said honestly, what we can do with it.

media-image = شكرًا لكم، وصلت صورتكم. لا يستطيع المساعد الآلي رؤية الصور، لكن يمكن لزملائنا الاطلاع عليها.
media-voice = شكرًا لكم، وصلت رسالتكم الصوتية. لا يستطيع المساعد الآلي الاستماع إليها، لذا يرجى كتابة طلبكم في بضع كلمات.
media-audio = شكرًا لكم، وصل ملفكم الصوتي. لا يستطيع المساعد الآلي الاستماع إليه، لذا يرجى كتابة طلبكم في بضع كلمات.
media-video = شكرًا لكم، وصل مقطع الفيديو. لا يستطيع المساعد الآلي مشاهدته، لكن يمكن لزملائنا ذلك.
media-document = شكرًا لكم، وصل مستندكم. لا يستطيع المساعد الآلي قراءته، لكن يمكن لزملائنا ذلك.
media-sticker = شكرًا لكم على الملصق! كيف يمكننا مساعدتكم؟
media-voice-heard = سمعنا: { $text }
media-image-seen = نرى في صورتكم: { $text }
media-image-like = هذا أقرب ما لدينا إليها:
media-contacts = { $count ->
    [zero] شكرًا لكم. لم تصلنا أي جهة اتصال. يرجى إرسالها مرة أخرى.
    [one] شكرًا لكم، وصلت جهة اتصال واحدة. لا نراسل أحدًا دون طلب منكم، لذا يرجى توضيح المطلوب.
    [two] شكرًا لكم، وصلت جهتا اتصال. لا نراسل أحدًا دون طلب منكم، لذا يرجى توضيح المطلوب.
    [few] شكرًا لكم، وصلت { COUNT($count) } جهات اتصال. لا نراسل أحدًا دون طلب منكم، لذا يرجى توضيح المطلوب.
    [many] شكرًا لكم، وصلت { COUNT($count) } جهة اتصال. لا نراسل أحدًا دون طلب منكم، لذا يرجى توضيح المطلوب.
   *[other] شكرًا لكم، وصلت { COUNT($count) } جهة اتصال. لا نراسل أحدًا دون طلب منكم، لذا يرجى توضيح المطلوب.
}
media-location = شكرًا لكم، وصل الموقع. في أي منطقة نبحث؟ يرجى كتابة اسمها.
media-order = شكرًا لكم، وصل طلب الشراء. لا نستقبل الطلبات هنا، وسيراسلكم أحد زملائنا.
media-form = شكرًا لكم، وصل نموذجكم.
unsupported = لا يمكننا فتح هذا النوع من الرسائل هنا. يرجى الكتابة إلينا نصًا.
not-understood = لم نفهم المقصود تمامًا. يرجى إعادة الصياغة أو الاختيار من القائمة.
failed = حدث خلل من جهتنا. يرجى المحاولة مرة أخرى بعد قليل.
