# 日本語。キーと引数は en.ftl と同じ。

## Starting and waiting
booting = 起動中
booting-more = しばらくお待ちください。
idle = 係員と話せます
idle-more = お互いの顔を見ながら話せます。
idle-press = 呼出ボタンを押してください
idle-touch = ここに触れて呼び出す
somebody = 係員がお待ちしています
nobody = ただいま係員がおりません
nobody-more = 応答できるようになると、この画面でお知らせします。
signing-in = 接続中
signing-in-more = まもなく呼び出せます。
no-network = ネットワークなし
no-network-more = この端末はネットワークにつながっていません。係員にお声がけください。
no-server = 接続できません
no-server-more = 通話サービスが応答しません。係員にお声がけください。
replaced = 別の端末で使用中
replaced-more = 別の端末がこの端末として接続しました。係員にお知らせください。
retrying = 再試行しています
retry-in =
    { $seconds ->
       *[other] { $seconds }秒後に再試行します
    }
updating = 更新中
updating-more = 数分かかります。電源を切らないでください。
out-of-order = 故障中
out-of-order-more = この端末からは呼び出せません。係員にお知らせください。
old-settings = 以前の設定
old-settings-more = 新しい設定に誤りがあります。係員にお知らせください。
support-code = サポートコード
support-scan = 読み取って問い合わせる

## Beginning and ending calls
calling = 呼出中
reaching = しばらくお待ちください。
ringing-there = 相手を呼び出しています。
incoming = 着信
announced =
    { $seconds ->
       *[other] { $seconds }秒後に応答します
    }
announced-more = 映像と音声が相手に届きます。
connecting = 接続中
connecting-more = 保護された接続を準備しています。
press-to-cancel = 呼出ボタン：取り消す
press-to-answer = 呼出ボタンを押して応答
press-to-hang-up = 呼出ボタン：通話を終える
verified = 確認済み
unverified = 未確認
unverified-more = この名前は確認されていません。個人的な話は控えてください。

## In a call
muted = マイクはオフです
camera-off = カメラはオフです
no-camera = カメラなし
no-camera-more = 相手に映像は届きません。
no-sound = 音声なし
no-sound-more = 音声は使えませんが、文字で話せます。
peer-muted = 相手のマイクはオフです
peer-camera-off = 相手のカメラはオフです
no-picture-yet = 映像を待っています
server-lost = サービス切断、通話は続きます
reconnecting =
    { $seconds ->
       *[other] 接続が切れました。再接続しています（残り{ $seconds }秒）
    }
held = 保留中
held-more = 映像も音声も相手に届きません。
held-press = 保留ボタン：再開する
peer-hold = 相手が保留にしています
peer-hold-more = お待ちください。映像も音声も届きません。
quality-data-saver = データ節約
quality-sharp = 鮮明な映像
quality-smooth = 滑らかな映像
sharing-panel = この画面を共有中
sharing-document = 書類カメラを表示中
peer-screen = 共有された画面
shown-whole = 全体
shown-quarter = 4分割の{ $quarter }
shown-loading = ファイルを開いています
shown-failed = このファイルは表示できません
shown-press = 拡大ボタン：拡大   ·   いいえボタン：閉じる

## Writing
chat-new =
    { $count ->
       *[other] 新着{ $count }件
    }
chat-page = { $pages }ページ中{ $page }ページ
chat-press = 次へボタン：選ぶ   ·   はいボタン：送る
reply-1 = はい
reply-2 = いいえ
reply-3 = 少々お待ちください
reply-4 = もう一度お願いします

## What only the room may grant
ask-unmute = { $name }が音声を求めています
ask-unmute-more = マイクがオンになります。
ask-camera-on = { $name }が映像を求めています
ask-camera-on-more = カメラがオンになります。
ask-snapshot-camera = { $name }が写真を求めています
ask-snapshot-camera-more = カメラの静止画を送ります。
ask-snapshot-panel = { $name }がこの画面の画像を求めています
ask-snapshot-panel-more = いま見えている画面を画像で送ります。
ask-share-panel = { $name }がこの画面を見たいと言っています
ask-share-panel-more = 終了するまで、同じ画面が相手に見えます。
ask-share-document = { $name }が書類を見たいと言っています
ask-share-document-more = 終了するまで、書類カメラがオンになります。
ask-other = { $name }が同意を求めています
ask-other-more = 同意しない限り、何も行われません。
ask-press = 許可は「はい」、拒否は「いいえ」を押してください
ask-left =
    { $seconds ->
       *[other] { $seconds }秒後に自動で拒否します
    }

## Files
receiving = { $name }を受信中
sending = { $name }を送信中

## Pairing
pairing = ペアリング
pairing-waiting = 相手側でもペアリングを始めてください
pairing-waiting-more = 相手側のペアリングボタンを長押しするか、ページで「ペアリング」を選びます。
pairing-left =
    { $seconds ->
       *[other] 残り{ $seconds }秒
    }
pairing-compare = 両方の数字は同じですか？
pairing-name = 相手の名乗り：{ $name }
pairing-press = 6桁とも同じなら「はい」、違えば「いいえ」
pairing-confirmed = こちらは確認済み
pairing-confirmed-more = 次は相手側の確認です。
pairing-done = ペアリング完了
pairing-done-more = 今後は{ $name }を信頼します。
pairing-failed = ペアリングできません
pairing-timed-out = 時間内に確認されませんでした。もう一度お試しください。
pairing-cancelled = どちらかが取りやめました。
pairing-mismatch = 相手の数字が途中で変わりました。信頼しないでください。
pairing-too-many = 3回失敗しました。10分お待ちください。
pairing-no-link = いまこの端末は接続されていません。

## What was done from afar
remark-muted = { $name }がマイクをオフにしました
remark-camera-off = { $name }がカメラをオフにしました
remark-volume = { $name }が音量を変えました
remark-share-stopped = { $name }が共有を終了しました
remark-granted-unmute = 音声が届いています
remark-granted-camera = 映像が届いています
remark-granted-snapshot = 画像を送っています
remark-granted-share = 共有しています
remark-granted = 完了しました
remark-file-received = ファイルが届きました
remark-file-sent = ファイルが相手に届きました
remark-file-declined = ファイルは拒否されました
remark-file-size = ファイルが大きすぎます
remark-file-type = この種類のファイルは受け取れません
remark-file-quota = ファイルの空き容量がありません
remark-file-damaged = ファイルが壊れて届きました
remark-file-storage = ファイルを保存できませんでした
remark-file-stopped = ファイルは中止されました
somebody-there = 相手

## How calls end
ended = 通話終了
ended-hung-up = ありがとうございました。
ended-peer-hung-up = 相手が通話を終えました。
ended-rejected = 応答できません
ended-rejected-more = ただいま応答できません。後ほどもう一度お試しください。
ended-declined-more = この着信には応答しませんでした。
ended-busy = 通話中
ended-busy-more = 相手は別の通話中です。数分後にもう一度お試しください。
ended-no-answer = 応答なし
ended-no-answer-more = 応答がありませんでした。後ほどもう一度お試しください。
ended-no-connection = 接続できません
ended-no-connection-more = 接続できませんでした。もう一度お試しください。
ended-lost = 接続が切れました
ended-peer-lost-more = 相手につながらなくなりました。もう一度呼び出してください。
ended-link-lost-more = この端末の接続が切れました。少し待って呼び出してください。
ended-offline = 不在
ended-offline-more = 相手は接続していません。後ほどもう一度お試しください。
ended-untrusted = 受け付けられません
ended-untrusted-more = 相手がこの端末を知りません。係員にお知らせください。
ended-not-secure = 安全ではありません
ended-not-secure-more = 盗聴のおそれがあるため、通話を終了しました。係員にお知らせください。
ended-protocol-more = 通信に問題が起きました。もう一度呼び出してください。
ended-media-more = 映像または音声に問題が起きました。もう一度呼び出してください。
ended-shutdown-more = どちらかの電源が切れました。

## On the buttons of a touch screen: one or two short words each
do-answer = 応答
do-decline = 拒否
do-hang-up = 終了
do-cancel = 取消
do-mute = 消音
do-unmute = 消音解除
do-camera-off = カメラ切
do-camera-on = カメラ入
do-hold = 保留
do-resume = 再開
do-stop-sharing = 共有終了
do-yes = はい
do-no = いいえ
do-same = 同じ
do-not-same = 違う
do-page = 前へ
do-zoom = 拡大
do-close = 閉じる
