# العربية. المفاتيح والمعاملات كما في en.ftl.

## Starting and waiting
booting = جارٍ التشغيل
booting-more = لحظة من فضلك.
idle = تحدّث مع موظف
idle-more = سترون بعضكم وتسمعون بعضكم.
idle-press = اضغط زر الاتصال
idle-touch = المس هنا للاتصال
somebody = هناك من يجيبك الآن
nobody = لا يوجد أحد الآن
nobody-more = ستخبرك هذه الشاشة حالما يتوفر من يجيبك.
signing-in = جارٍ الاتصال
signing-in-more = يمكنك الاتصال بعد لحظات.
no-network = لا توجد شبكة
no-network-more = هذا الجهاز غير متصل بالشبكة ولا يمكنه الاتصال الآن. يمكن للموظفين مساعدتك.
no-server = لا يوجد اتصال
no-server-more = خدمة الاتصال لا تستجيب. يمكن للموظفين مساعدتك.
replaced = مستخدم في مكان آخر
replaced-more = سجّل جهاز آخر الدخول باسم هذا الجهاز. يرجى إبلاغ الموظفين.
retrying = تجري المحاولة من جديد
retry-in =
    { $seconds ->
        [zero] محاولة جديدة الآن
        [one] محاولة جديدة بعد ثانية واحدة
        [two] محاولة جديدة بعد ثانيتين
        [few] محاولة جديدة بعد { $seconds } ثوانٍ
        [many] محاولة جديدة بعد { $seconds } ثانية
       *[other] محاولة جديدة بعد { $seconds } ثانية
    }
updating = جارٍ التحديث
updating-more = يستغرق ذلك بضع دقائق. يرجى عدم إيقاف الجهاز.
out-of-order = خارج الخدمة
out-of-order-more = لا يمكن الاتصال من هذا الجهاز. يرجى إبلاغ الموظفين.
old-settings = إعدادات سابقة
old-settings-more = في الإعدادات الجديدة خطأ. يرجى إبلاغ الموظفين.
support-code = رمز الدعم
support-scan = امسح الرمز للمساعدة

## Beginning and ending calls
calling = جارٍ الاتصال بـ
reaching = لحظة من فضلك.
ringing-there = الهاتف يرن هناك.
incoming = مكالمة واردة
announced =
    { $seconds ->
        [zero] يُجاب الآن
        [one] يُجاب بعد ثانية واحدة
        [two] يُجاب بعد ثانيتين
        [few] يُجاب بعد { $seconds } ثوانٍ
        [many] يُجاب بعد { $seconds } ثانية
       *[other] يُجاب بعد { $seconds } ثانية
    }
announced-more = ستكون مرئيًا ومسموعًا.
connecting = جارٍ التوصيل
connecting-more = يجري إعداد اتصال محمي.
press-to-cancel = زر الاتصال: إلغاء
press-to-answer = اضغط زر الاتصال للرد
press-to-hang-up = زر الاتصال: إنهاء
verified = موثَّق
unverified = غير موثَّق
unverified-more = لا أحد يضمن هذا الاسم. لا تقل شيئًا خاصًا.

## In a call
muted = صوتك مكتوم
camera-off = كاميرتك متوقفة
no-camera = لا توجد كاميرا
no-camera-more = لا يستطيع الطرف الآخر رؤيتك.
no-sound = لا يوجد صوت
no-sound-more = لا يمكنكم سماع بعضكم، لكن يمكنكم الكتابة.
peer-muted = صوت الطرف الآخر مكتوم
peer-camera-off = كاميرا الطرف الآخر متوقفة
no-picture-yet = في انتظار الصورة
server-lost = انقطعت الخدمة والمكالمة مستمرة
reconnecting =
    { $seconds ->
        [zero] انقطع الاتصال. تجري المحاولة من جديد
        [one] انقطع الاتصال. تجري المحاولة من جديد، بقيت ثانية واحدة
        [two] انقطع الاتصال. تجري المحاولة من جديد، بقيت ثانيتان
        [few] انقطع الاتصال. تجري المحاولة من جديد، بقيت { $seconds } ثوانٍ
        [many] انقطع الاتصال. تجري المحاولة من جديد، بقيت { $seconds } ثانية
       *[other] انقطع الاتصال. تجري المحاولة من جديد، بقيت { $seconds } ثانية
    }
held = قيد الانتظار
held-more = لا أحد يراك أو يسمعك.
held-press = زر الانتظار: متابعة
peer-hold = وضعك الطرف الآخر قيد الانتظار
peer-hold-more = انتظر من فضلك. لا أحد يراك أو يسمعك.
quality-data-saver = توفير البيانات
quality-sharp = صورة حادة
quality-smooth = صورة سلسة
sharing-panel = أنت تشارك هذه الشاشة
sharing-document = أنت تعرض كاميرا المستندات
peer-screen = شاشة مشتركة
shown-whole = الصفحة كاملة
shown-quarter = الجزء { $quarter } من 4
shown-loading = جارٍ فتح الملف
shown-failed = لا يمكن عرض هذا الملف
shown-press = زر التكبير: تكبير   ·   زر لا: إغلاق

## Writing
chat-new =
    { $count ->
        [zero] لا رسائل جديدة
        [one] رسالة جديدة
        [two] رسالتان جديدتان
        [few] { $count } رسائل جديدة
        [many] { $count } رسالة جديدة
       *[other] { $count } رسالة جديدة
    }
chat-page = الصفحة { $page } من { $pages }
chat-press = زر التالي: اختيار   ·   زر نعم: إرسال
reply-1 = نعم
reply-2 = لا
reply-3 = لحظة من فضلك
reply-4 = أعد ذلك من فضلك

## What only the room may grant
ask-unmute = { $name }: طلب لسماعك
ask-unmute-more = سيُشغَّل ميكروفونك.
ask-camera-on = { $name }: طلب لرؤيتك
ask-camera-on-more = ستُشغَّل كاميرتك.
ask-snapshot-camera = { $name }: طلب صورة
ask-snapshot-camera-more = ستُرسل صورة ثابتة من كاميرتك.
ask-snapshot-panel = { $name }: طلب صورة لهذه الشاشة
ask-snapshot-panel-more = سيُرسل ما تراه هنا كصورة.
ask-share-panel = { $name }: طلب لرؤية هذه الشاشة
ask-share-panel-more = سيرون ما تراه إلى أن تنهي ذلك.
ask-share-document = { $name }: طلب لرؤية مستنداتك
ask-share-document-more = ستعمل كاميرا المستندات إلى أن تنهي ذلك.
ask-other = { $name }: طلب لموافقتك
ask-other-more = لن يحدث شيء دون موافقتك.
ask-press = اضغط «نعم» للموافقة أو «لا» للرفض
ask-left =
    { $seconds ->
        [zero] يُرفض الآن تلقائيًا
        [one] يُرفض تلقائيًا بعد ثانية واحدة
        [two] يُرفض تلقائيًا بعد ثانيتين
        [few] يُرفض تلقائيًا بعد { $seconds } ثوانٍ
        [many] يُرفض تلقائيًا بعد { $seconds } ثانية
       *[other] يُرفض تلقائيًا بعد { $seconds } ثانية
    }

## Files
receiving = استلام { $name }
sending = إرسال { $name }

## Pairing
pairing = الاقتران
pairing-waiting = ابدأ الاقتران في الطرف الآخر أيضًا
pairing-waiting-more = اضغط هناك زر الاقتران مطولًا، أو اختر «اقتران» في الصفحة.
pairing-left =
    { $seconds ->
        [zero] انتهى الوقت
        [one] بقيت ثانية واحدة
        [two] بقيت ثانيتان
        [few] بقيت { $seconds } ثوانٍ
        [many] بقيت { $seconds } ثانية
       *[other] بقيت { $seconds } ثانية
    }
pairing-compare = هل الأرقام نفسها في الطرفين؟
pairing-name = الطرف الآخر يسمي نفسه { $name }
pairing-press = «نعم» إذا تطابقت الأرقام الستة، وإلا «لا»
pairing-confirmed = تم التأكيد هنا
pairing-confirmed-more = على الطرف الآخر أن يؤكد الآن.
pairing-done = تم الاقتران
pairing-done-more = { $name } موثوق به من الآن.
pairing-failed = لم يتم الاقتران
pairing-timed-out = لم يؤكد أحد في الوقت المحدد. حاول مرة أخرى.
pairing-cancelled = رفض أحد الطرفين أو غادر.
pairing-mismatch = غيّر الطرف الآخر أرقامه. لا تثق به.
pairing-too-many = استُنفدت ثلاث محاولات. انتظر عشر دقائق.
pairing-no-link = هذا الجهاز غير متصل الآن.

## What was done from afar
remark-muted = { $name }: كُتم صوتك
remark-camera-off = { $name }: أُوقفت كاميرتك
remark-volume = { $name }: تغيّر مستوى الصوت
remark-share-stopped = { $name }: أُنهيت المشاركة
remark-granted-unmute = صوتك مسموع
remark-granted-camera = أنت مرئي
remark-granted-snapshot = جارٍ إرسال الصورة
remark-granted-share = أنت تشارك الآن
remark-granted = تم
remark-file-received = وصل ملف
remark-file-sent = وصل الملف إلى هناك
remark-file-declined = رُفض الملف
remark-file-size = الملف كبير جدًا
remark-file-type = هذا النوع من الملفات غير مقبول
remark-file-quota = لا مكان للملف
remark-file-damaged = وصل الملف تالفًا
remark-file-storage = تعذّر حفظ الملف
remark-file-stopped = أُوقف الملف
somebody-there = الطرف الآخر

## How calls end
ended = انتهت المكالمة
ended-hung-up = إلى اللقاء.
ended-peer-hung-up = أنهى الطرف الآخر المكالمة.
ended-rejected = رُفضت المكالمة
ended-rejected-more = لا أحد يستطيع الرد الآن. حاول لاحقًا من فضلك.
ended-declined-more = لم تقبل هذه المكالمة.
ended-busy = مشغول
ended-busy-more = الطرف الآخر في مكالمة أخرى. حاول بعد دقائق من فضلك.
ended-no-answer = لا رد
ended-no-answer-more = لم يرد أحد. حاول لاحقًا من فضلك.
ended-no-connection = تعذّر الاتصال
ended-no-connection-more = لم يتم الاتصال. حاول مرة أخرى من فضلك.
ended-lost = انقطع الاتصال
ended-peer-lost-more = لم يعد الوصول إلى الطرف الآخر ممكنًا. اتصل مرة أخرى من فضلك.
ended-link-lost-more = فقد هذا الجهاز اتصاله. اتصل بعد لحظات من فضلك.
ended-offline = غير متاح
ended-offline-more = الطرف الآخر غير متصل. حاول لاحقًا من فضلك.
ended-untrusted = غير مقبول
ended-untrusted-more = الطرف الآخر لا يعرف هذا الجهاز. يرجى إبلاغ الموظفين.
ended-not-secure = غير آمن
ended-not-secure-more = ربما يتنصّت أحد، لذلك أُنهيت المكالمة. يرجى إبلاغ الموظفين.
ended-protocol-more = حدث خطأ بين الطرفين. اتصل مرة أخرى من فضلك.
ended-media-more = تعطّلت الصورة أو الصوت. اتصل مرة أخرى من فضلك.
ended-shutdown-more = أُوقف أحد الجهازين.

## On the buttons of a touch screen: one or two short words each
do-answer = رد
do-decline = رفض
do-hang-up = إنهاء
do-cancel = إلغاء
do-mute = كتم
do-unmute = صوت
do-camera-off = إيقاف الكاميرا
do-camera-on = الكاميرا
do-hold = انتظار
do-resume = متابعة
do-stop-sharing = إنهاء المشاركة
do-yes = نعم
do-no = لا
do-same = متطابقة
do-not-same = مختلفة
do-page = السابق
do-zoom = تكبير
do-close = إغلاق
