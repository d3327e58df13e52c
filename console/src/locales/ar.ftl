# The operator's page. All catalogues have the same messages with the same variables.

title = لوحة الأكشاك
close = إغلاق
cancel = إلغاء
save = حفظ
remove = إزالة

## The link to the server

link-offline = غير مسجّل
link-connecting = جارٍ الاتصال…
link-signing-in = جارٍ تسجيل الدخول…
link-online = متصل
link-waiting = غير متصل
link-retry = تُعاد المحاولة تلقائيًا.
link-retry-now = حاول الآن
problem-needs-https = تحتاج هذه الصفحة إلى https، فبدونه لا يوقّع المتصفح شيئًا.
problem-bad-room = لا يصلح «{ $detail }» اسمًا لغرفة: استعمل a–z و0–9 و«.» و«_» و«-».
problem-bad-name = يتكوّن الاسم من 1 إلى 64 حرفًا.
problem-bad-address = «{ $detail }» ليس عنوان خادم.
problem-no-answer = الخادم لا يجيب.
problem-unreachable = يتعذّر الوصول إلى الخادم.
problem-version = الخادم من إصدار آخر. أعد تحميل الصفحة، فإن لم ينفع فأخبر المسؤول.
problem-audience = يسمّي الخادم نفسه «{ $detail }». لم يُوقَّع له شيء.
problem-replaced = سجّلت صفحة أخرى الدخول مكان هذه، وهي تتابع هناك.
problem-full = الخادم ممتلئ.
problem-restarting = الخادم يعيد التشغيل.
problem-refused = رفض الخادم تسجيل الدخول ({ $detail }).
problem-flood = قطع الخادم الوصلة: وصل الكثير دفعة واحدة.
problem-too-big = قطع الخادم الوصلة: كانت رسالة أكبر من اللازم.
problem-busy = الخادم مثقل الآن.

## Alerts

alert-sound = كي ترنّ المكالمات: لا يشغّل المتصفح صوتًا قبل أن تنقر مرة واحدة.
alert-sound-allow = تشغيل الصوت
alert-notifications = تلقَّ تنبيهًا بالمكالمات وأنت تعمل في نافذة أخرى.
alert-notifications-allow = السماح بالإشعارات
alert-later = ليس الآن
calling-title = { $name } يتصل
calling-many = { $count ->
    [zero] لا مكالمات تنتظر
    [one] مكالمة واحدة تنتظر
    [two] مكالمتان تنتظران
    [few] { $count } مكالمات تنتظر
   *[other] { $count } مكالمة تنتظر
  }

## The wall

wall = الأكشاك
room = الغرفة «{ $room }»
search = البحث عن كشك
filter = العرض
filter-all = الكل
filter-attention = يحتاج إلى أحد
filter-idle = متاح
filter-busy = في مكالمة
filter-fault = معطّل
filter-offline = غير متصل
wall-empty = لا أحد هنا بعد. تظهر الأكشاك فور اتصالها.
wall-waiting = تظهر الغرفة فور اتصال اللوحة.
wall-none-fits = لا يوجد كشك مطابق.
wall-show-all = عرض الكل
state-calling = يتصل بك
state-visitor-waits = زائر ينتظر
state-unread = { $count ->
    [zero] لا رسائل جديدة
    [one] رسالة جديدة
    [two] رسالتان جديدتان
    [few] { $count } رسائل جديدة
   *[other] { $count } رسالة جديدة
  }
state-fault = عطل
state-with-us = في مكالمة معك
state-connecting = جارٍ الاتصال
state-idle = متاح
state-in-call = في مكالمة أخرى
state-here = متصل
state-operator = موظف
state-offline = غير متصل
state-left = غادر { $time }
fault-camera = بلا كاميرا
fault-sound = بلا صوت
fault-panel = بلا شاشة
call-name = الاتصال بـ { $name }
call = اتصال
open-name = فتح { $name }

## Who is it

verification-pinned = موثوق
verification-pinned-long = أنت تثق بهذا المفتاح. لا يستطيع غيره الاتصال به.
verification-member = عضو
verification-member-long = مؤسستك تضمن هذا المفتاح.
verification-unverified = غير مؤكَّد
verification-unverified-long = لا أحد يضمن هذا المفتاح. الاسم هو ما يقوله المتصل فقط.
verification-changed = تغيّر المفتاح
verification-changed-long = أنت تثق بمفتاح آخر تحت هذا الاسم. قد يكون هذا منتحلًا: قارن المفتاح قبل أن تقول شيئًا.
key-of-kiosk = مفتاح هذا الكشك
key-of-operator = مفتاح هذا الموظف
trust = الوثوق
distrust = إلغاء الثقة
pair = اقتران
identity = الهوية

## Ringing

ringing-waits = ينتظر منذ { $time }
ringing-title = { $count ->
    [zero] لا مكالمات واردة
    [one] مكالمة واردة
    [two] مكالمتان واردتان
    [few] { $count } مكالمات واردة
   *[other] { $count } مكالمة واردة
  }
answer = رد
answer-ends = رد وإنهاء هذه المكالمة
decline = رفض

## The call

stage = المكالمة
phase-idle = جاهز للمكالمات
phase-calling = جارٍ الاتصال بـ { $name }…
phase-ringing = يرنّ لدى { $name }…
phase-ringing-in = { $name } يتصل
phase-connecting = جارٍ الربط مع { $name }…
phase-checking = جارٍ التأكد من أن لا أحد بينكما…
phase-in-call = في مكالمة مع { $name }
phase-ended = انتهت المكالمة
reconnecting = انقطع الاتصال. تُعاد المحاولة…
reconnected = عاد الاتصال مع { $name }.
somebody = الطرف الآخر
picture-of = صورة { $name }
picture-own = صورتك
own-picture-screen = أنت تعرض شاشتك
swap = تبديل الصورتين
no-picture = { $name } لا يرسل صورة.
is-muted = صوت { $name } مكتوم.
remote-screen = { $name } يعرض شاشة أو مستندًا.
on-hold-here = المكالمة قيد الانتظار. لا يراك أحد ولا يسمعك.
on-hold-there = وضع { $name } المكالمة قيد الانتظار.
resume = متابعة
sound-on = تشغيل الصوت
call-again = اتصال مرة أخرى
controls = أدوات المكالمة
mute = كتم
unmute = إلغاء الكتم
camera-off = إيقاف الكاميرا
camera-on = تشغيل الكاميرا
camera = الكاميرا
share-screen = مشاركة الشاشة
share-screen-stop = إيقاف مشاركة الشاشة
share = مشاركة
hold = انتظار
hold-long = وضع المكالمة في انتظار
more = المزيد
devices = الأجهزة والجودة
hang-up = إنهاء

## How it ended

ending-hung-up = أنهيت المكالمة.
ending-declined = رفضت مكالمة { $name }.
ending-no-answer = لا رد: رنّت المكالمة مع { $name } طويلًا.
ending-no-connection = تعذّر الربط مع { $name }. قد يكون جدار حماية في الطريق.
ending-peer-hung-up = أنهى { $name } المكالمة.
ending-peer-offline = غادر { $name } الغرفة.
ending-peer-lost = انقطع الاتصال مع { $name } وتعذّرت استعادته.
ending-rejected = رفض { $name } المكالمة.
ending-busy = { $name } في مكالمة أخرى.
ending-untrusted = لا يقبل { $name } مكالمات من هذه اللوحة: مفتاحها غير موثوق هناك.
ending-link-lost = انتهت المكالمة لتعذّر الوصول إلى الخادم.
ending-not-secure = أُوقفت المكالمة: لم يكن الاتصال مع { $name }. قد يكون أحد يتنصّت.
ending-protocol = أُوقفت المكالمة: نقصت رسائل أو كانت بلا معنى.
ending-media-failed = أُوقفت المكالمة: تعذّر إعداد الصوت أو الصورة.
ending-shutdown = يجري إطفاء { $name }.
failed-busy = توجد مكالمة بالفعل؛ أنهها أولًا.
failed-not-in-room = لم يعد هذا الكشك في الغرفة.
failed-nobody = لا أحد غيرك في الغرفة.
failed-no-offer = لا شيء لإرساله بعد.
failed-no-answer = لا شيء لإرساله بعد.
failed-nobody-calls = لم يعد أحد يتصل.
failed-other-offer = يتصل شخص آخر الآن.
failed-no-call = يحتاج هذا إلى مكالمة.
failed-not-confirmed = لم تُؤكَّد المكالمة بعد.
failed-ended = انتهت المكالمة.
failed-set-up = تعذّر على المتصفح إعداد المكالمة.
failed-empty-file = هذا الملف فارغ.

## The kiosk, from afar

kiosk-controls = الكشك
remote-hearing = ميكروفون الكشك
remote-mute = كتمه
remote-unmute = طلب فتحه
remote-seeing = كاميرا الكشك
remote-camera-off = إيقافها
remote-camera-on = طلب تشغيلها
remote-volume = مستوى الصوت هناك
remote-pictures = صور وأوراق
remote-snapshot-camera = صورة من الكاميرا
remote-snapshot-panel = صورة لشاشته
remote-share-panel = اعرض لي شاشته
remote-share-document = اعرض لي كاميرا المستندات
remote-share-stop = إيقاف العرض
remote-consent = يُسأل الزائر في كل مرة، ويوافق أو يرفض بزر.
remote-restart = إعادة تشغيل الكشك
remote-restart-question = إعادة تشغيل { $name }؟
remote-restart-long = تنتهي المكالمة الجارية. يعود الكشك بعد نحو دقيقة.
remote-restart-do = إعادة التشغيل
wish-mute = الكتم
wish-unmute = إلغاء الكتم
wish-camera-off = إيقاف الكاميرا
wish-camera-on = تشغيل الكاميرا
wish-volume = مستوى الصوت
wish-snapshot-camera = صورة من الكاميرا
wish-snapshot-panel = صورة الشاشة
wish-share-panel = عرض شاشته
wish-share-document = عرض كاميرا المستندات
wish-share-stop = إيقاف العرض
wish-restart = إعادة التشغيل
wish-waits = في انتظار الزائر: { $wish }
wish-pending = طُلب: { $wish }
wish-granted = تم: { $wish }
wish-refused = رُفض: { $wish }
wish-no-answer = لا رد: { $wish }

## Statistics

statistics = الاتصال
quality-good = جيد
quality-fair = متوسط
quality-poor = ضعيف
quality-good-long = الاتصال جيد.
quality-fair-long = قد تحدث انقطاعات قصيرة.
quality-poor-long = قد يتوقف الصوت والصورة.
round-trip-time = زمن الذهاب والإياب
milliseconds = { $value } م.ث
bitrate-in = مستقبَل
bitrate-out = مرسَل
loss = حزم مفقودة
jitter = التذبذب
picture-size = الصورة
picture-size-value = { $width } × { $height }، { $fps } إطار/ث
chart = { $name }: الآن { $value }، وأقصاه { $most } في الدقيقة الأخيرة
unknown = –

## Chat and files

chat = الدردشة
chat-with = الدردشة مع { $name }
chat-log = الرسائل
chat-empty-kiosk = ما تكتبه يظهر على شاشة الكشك.
chat-empty = لم يُكتب شيء بعد.
chat-offline = { $name } غير متصل. يصل ما تكتبه فور عودته.
message = رسالة
message-placeholder = اكتب رسالة
send = إرسال
you = أنت
delivered = وصلت
sent = أُرسلت
waits = تنتظر
unread = { $count ->
    [zero] لا رسائل غير مقروءة
    [one] رسالة غير مقروءة
    [two] رسالتان غير مقروءتين
    [few] { $count } رسائل غير مقروءة
   *[other] { $count } رسالة غير مقروءة
  }
new-message = رسالة جديدة من { $name }
retention = حفظ السجل
retention-call = حتى نهاية المكالمة
retention-page = حتى إغلاق هذه الصفحة
retention-days = { $days ->
    [zero] بلا حفظ
    [one] يومًا واحدًا
    [two] يومين
    [few] { $days } أيام
   *[other] { $days } يومًا
  }
retention-forget = حذف السجل كله
retention-forget-question = حذف السجل مع الجميع؟
retention-forget-do = حذف
quick-texts = عبارات سريعة
quick-texts-edit = تعديل العبارات السريعة
quick-texts-long = عبارة في كل سطر. نقرة ترسلها.
quick-texts-reset = العودة إلى المعتادة
quick-text-1 = مرحبًا، كيف أساعدك؟
quick-text-2 = لحظة من فضلك.
quick-text-3 = سيأتي إليك أحد.
quick-text-4 = تحدّث بصوت أعلى قليلًا من فضلك.
quick-text-5 = شكرًا، مع السلامة!
attach = إرسال ملف
attach-needs-call = تُرسل الملفات أثناء مكالمة.
drop-here = أفلت هنا للإرسال إلى { $name }
file-preparing = قيد التحضير
file-queued = ينتظر ملفًا آخر
file-offered = ينتظر الكشك
file-moving-time = { $moved } من { $size }
file-paused = متوقف مؤقتًا؛ يتابع في المكالمة التالية
file-sending = قيد الإرسال
file-receiving = قيد الاستقبال
file-sent = أُرسل
file-received = استُلم
file-failed-declined = رُفض
file-failed-size = كبير جدًا
file-failed-type = هذا النوع من الملفات غير مقبول
file-failed-quota = لا مساحة هناك
file-failed-hash = تلف في الطريق
file-failed-storage = تعذّر حفظه
file-failed-stopped = أُوقف
file-stop = إيقاف { $name }
file-progress = { $name }: { $percent }
file-save = حفظ { $name }
file-open = فتح { $name }
file-show = عرضه على الكشك
file-hide = إخفاؤه على الكشك
file-shown = معروض على الكشك
file-offered-here = يريد { $name } إرسال هذا الملف
file-accept = قبول
file-decline = رفض
file-remove = إزالة { $name } من القائمة

## Pairing

pairing = الاقتران بكشك
pairing-intro = بالاقتران يثق هذا المتصفح والكشك أحدهما بالآخر بلا خادم بينهما. يلزم شخص عند الكشك.
pairing-step = عند الكشك، اضغط زر الاقتران ثلاث ثوانٍ. عندها تعرض الشاشتان ستة أرقام.
pairing-begin = ابدأ
pairing-waiting = في انتظار الكشك…
seconds-left = { $seconds ->
    [zero] انتهى الوقت
    [one] بقيت ثانية واحدة
    [two] بقيت ثانيتان
    [few] بقيت { $seconds } ثوانٍ
   *[other] بقيت { $seconds } ثانية
  }
pairing-compare = هل تعرض شاشة { $name } الأرقام نفسها؟
pairing-digits = الأرقام: { $digits }
pairing-name = احفظه باسم
pairing-same = متطابقة
pairing-differ = مختلفة
pairing-confirmed = أُكِّد هنا. الآن يجب أن يضغط أحد «نعم» عند الكشك.
pairing-done = أصبح { $name } موثوقًا من الآن.
pairing-failed-timed-out = لم يجب أحد في الوقت المحدد.
pairing-failed-cancelled = أوقف الطرف الآخر الاقتران.
pairing-failed-mismatch = الأرقام غير متوافقة: قد يكون أحد بينكما. لم يُوثق بشيء.
pairing-failed-too-many-tries = استُنفدت ثلاث محاولات في عشر دقائق. انتظر قليلًا.
pairing-failed-no-link = يحتاج الاقتران إلى الوصلة مع الخادم.
pairing-again = حاول مرة أخرى

## Trust

trust-list = المفاتيح الموثوقة
trust-list-empty = لا أحد موثوق بعد. اقترن بكشك أو ثق بمفتاح في الغرفة.
trust-since = موثوق منذ { $date }
trust-remove-name = إزالة { $name }
trust-remove-question = إلغاء الثقة بـ { $name }؟
trust-remove-long = يصبح غير مؤكَّد حتى يقترن به أحد من جديد.
own-key = مفتاح هذا المتصفح، لمن يريد الوثوق به

## Settings

settings = الإعدادات
settings-you = أنت
settings-name = اسمك
settings-room = الغرفة
settings-room-hint = أحرف لاتينية صغيرة وأرقام ونقطة وشرطة سفلية وواصلة
settings-look = المظهر واللغة
settings-language = اللغة
settings-language-browser = كالمتصفح ({ $language })
settings-theme = الألوان
theme-system = كالنظام
theme-light = فاتح
theme-dark = داكن
settings-alerts = التنبيهات
settings-ring = مستوى الرنين
settings-ring-test = رنّ مرة
settings-notifications = إشعارات سطح المكتب
settings-notifications-granted = مسموحة
settings-notifications-denied = محظورة في إعدادات المتصفح
settings-devices = الكاميرا والصوت
device-videoinput = الكاميرا
device-audioinput = الميكروفون
device-audiooutput = السماعة
device-default = اختيار المتصفح
quality = الصورة المرسلة
quality-auto = تلقائية
quality-data-saver = توفّر البيانات
quality-sharp = حادّة، للأوراق
quality-smooth = سلسة، للحركة ولغة الإشارة
media-audio-denied = لم يُسمح للمتصفح باستعمال الميكروفون. لن يسمعك أحد؛ اسمح به بجانب العنوان ثم حاول مرة أخرى.
media-audio-missing = لم يُعثر على ميكروفون. لن يسمعك أحد.
media-audio-in-use = يستعمل برنامج آخر الميكروفون. لن يسمعك أحد.
media-audio-unusable = لا يمكن استعمال الميكروفون هنا. لن يسمعك أحد.
media-audio-gone = اختفى الميكروفون. تستمر المكالمة بدونه.
media-video-denied = لم يُسمح للمتصفح باستعمال الكاميرا. لن يراك أحد؛ اسمح بها بجانب العنوان ثم حاول مرة أخرى.
media-video-missing = لم يُعثر على كاميرا. لن يراك أحد.
media-video-in-use = يستعمل برنامج آخر الكاميرا. لن يراك أحد.
media-video-unusable = لا يمكن استعمال الكاميرا هنا. لن يراك أحد.
media-video-gone = اختفت الكاميرا. تستمر المكالمة بدونها.
media-screen-unusable = لا يمكن مشاركة الشاشة هنا.

## Keys

help = لوحة المفاتيح
help-off = المفاتيح المفردة معطّلة في الإعدادات.
help-allow = المفاتيح المفردة اختصارات
key-answer = رد
key-end = رفض، أو إيقاف الرنين
key-hang-up = إنهاء
key-mute = كتم أو إلغاؤه
key-camera = إيقاف الكاميرا أو تشغيلها
key-share = مشاركة الشاشة
key-hold = انتظار أو متابعة
key-swap = تبديل الصورتين
key-chat = إلى الدردشة
key-search = البحث عن كشك
key-help = هذه القائمة
