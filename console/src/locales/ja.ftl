# The operator's page. All catalogues have the same messages with the same variables.

title = キオスク・コンソール
close = 閉じる
cancel = キャンセル
save = 保存
remove = 削除

## The link to the server

link-offline = サインアウト中
link-connecting = 接続中…
link-signing-in = サインイン中…
link-online = オンライン
link-waiting = オフライン
link-retry = 自動で再試行しています。
link-retry-now = 今すぐ試す
problem-needs-https = このページには https が必要です。それがないとブラウザーは署名しません。
problem-bad-room = 「{ $detail }」はルーム名にできません。a–z、0–9、「.」「_」「-」を使ってください。
problem-bad-name = 名前は 1～64 文字です。
problem-bad-address = 「{ $detail }」はサーバーのアドレスではありません。
problem-no-answer = サーバーが応答しません。
problem-unreachable = サーバーに接続できません。
problem-version = サーバーのバージョンが異なります。ページを再読み込みしてください。直らない場合は管理者に知らせてください。
problem-audience = サーバーは「{ $detail }」と名乗っています。署名は行いませんでした。
problem-replaced = 別のページがこのページとしてサインインし、そちらで続いています。
problem-full = サーバーが満員です。
problem-restarting = サーバーが再起動しています。
problem-refused = サーバーがサインインを拒否しました（{ $detail }）。
problem-flood = 一度に多すぎたため、サーバーが接続を切りました。
problem-too-big = メッセージが大きすぎたため、サーバーが接続を切りました。
problem-busy = サーバーが混み合っています。

## Alerts

alert-sound = 着信音を鳴らすには：一度クリックするまで、ブラウザーは音を出しません。
alert-sound-allow = 音をオンにする
alert-notifications = 別のウィンドウで作業中でも、着信をお知らせします。
alert-notifications-allow = 通知を許可
alert-later = 後で
calling-title = { $name } から着信中
calling-many = { $count } 件の着信が待っています

## The wall

wall = キオスク
room = ルーム「{ $room }」
search = キオスクを探す
filter = 表示
filter-all = すべて
filter-attention = 対応が必要
filter-idle = 待機中
filter-busy = 通話中
filter-fault = 故障
filter-offline = オフライン
wall-empty = まだ誰もいません。キオスクはオンラインになると表示されます。
wall-waiting = コンソールがオンラインになるとルームが表示されます。
wall-none-fits = 該当するキオスクがありません。
wall-show-all = すべて表示
state-calling = あなたに着信中
state-visitor-waits = 来訪者が待っています
state-unread = 新着メッセージ { $count } 件
state-fault = 故障
state-with-us = あなたと通話中
state-connecting = 接続中
state-idle = 待機中
state-in-call = 別の通話中
state-here = オンライン
state-operator = オペレーター
state-offline = オフライン
state-left = { $time } に退出
fault-camera = カメラなし
fault-sound = 音声なし
fault-panel = 画面なし
call-name = { $name } を呼び出す
call = 呼び出す
open-name = { $name } を開く

## Who is it

verification-pinned = 信頼済み
verification-pinned-long = この鍵を信頼しています。ほかの誰もこの鍵では発信できません。
verification-member = メンバー
verification-member-long = あなたの組織がこの鍵を保証しています。
verification-unverified = 未確認
verification-unverified-long = この鍵を保証する人はいません。名前は相手がそう名乗っているだけです。
verification-changed = 鍵が変更
verification-changed-long = この名前では別の鍵を信頼しています。なりすましの可能性があります。話す前に鍵を照合してください。
key-of-kiosk = このキオスクの鍵
key-of-operator = このオペレーターの鍵
trust = 信頼する
distrust = 信頼をやめる
pair = ペアリング
identity = 本人確認

## Ringing

ringing-waits = { $time } 待っています
ringing-title = 着信 { $count } 件
answer = 応答
answer-ends = 応答し、今の通話を終える
decline = 拒否

## The call

stage = 通話
phase-idle = 着信を待っています
phase-calling = { $name } を呼び出しています…
phase-ringing = { $name } で呼び出し音が鳴っています…
phase-ringing-in = { $name } から着信中
phase-connecting = { $name } に接続しています…
phase-checking = 途中に誰もいないことを確認しています…
phase-in-call = { $name } と通話中
phase-ended = 通話終了
reconnecting = 接続が切れました。再接続しています…
reconnected = { $name } と再びつながりました。
somebody = 相手
picture-of = { $name } の映像
picture-own = 自分の映像
own-picture-screen = 画面を共有しています
swap = 映像を入れ替える
no-picture = { $name } は映像を送っていません。
is-muted = { $name } はミュート中です。
remote-screen = { $name } が画面か書類を見せています。
on-hold-here = 通話は保留中です。こちらの映像も音声も届きません。
on-hold-there = { $name } が通話を保留しました。
resume = 再開
sound-on = 音をオンにする
call-again = もう一度呼び出す
controls = 通話の操作
mute = ミュート
unmute = ミュート解除
camera-off = カメラをオフ
camera-on = カメラをオン
camera = カメラ
share-screen = 画面を共有
share-screen-stop = 画面の共有をやめる
share = 共有
hold = 保留
hold-long = 通話を保留
more = その他
devices = 機器と画質
hang-up = 切る

## How it ended

ending-hung-up = 通話を切りました。
ending-declined = { $name } からの着信を拒否しました。
ending-no-answer = 応答がありません。{ $name } との呼び出しが長く続きすぎました。
ending-no-connection = { $name } に接続できませんでした。ファイアウォールが妨げている可能性があります。
ending-peer-hung-up = { $name } が通話を切りました。
ending-peer-offline = { $name } はルームから退出しました。
ending-peer-lost = { $name } との接続が切れ、再接続できませんでした。
ending-rejected = { $name } が拒否しました。
ending-busy = { $name } は別の通話中です。
ending-untrusted = { $name } はこのコンソールからの着信を受けません。鍵が信頼されていません。
ending-link-lost = サーバーに接続できないため、通話が終了しました。
ending-not-secure = 通話を止めました。接続の相手は { $name } ではありませんでした。盗聴の可能性があります。
ending-protocol = 通話を止めました。メッセージが欠けているか、意味をなしませんでした。
ending-media-failed = 通話を止めました。音声か映像を準備できませんでした。
ending-shutdown = { $name } の電源が切られます。
failed-busy = すでに通話中です。先に切ってください。
failed-not-in-room = このキオスクはもうルームにいません。
failed-nobody = ルームにほかの人がいません。
failed-no-offer = まだ送るものがありません。
failed-no-answer = まだ送るものがありません。
failed-nobody-calls = もう着信はありません。
failed-other-offer = 今は別の人から着信しています。
failed-no-call = これには通話が必要です。
failed-not-confirmed = 通話はまだ確認されていません。
failed-ended = 通話は終了しました。
failed-set-up = ブラウザーが通話を準備できませんでした。
failed-empty-file = このファイルは空です。

## The kiosk, from afar

kiosk-controls = キオスク
remote-hearing = キオスクのマイク
remote-mute = ミュートする
remote-unmute = 解除を頼む
remote-seeing = キオスクのカメラ
remote-camera-off = オフにする
remote-camera-on = オンを頼む
remote-volume = キオスクの音量
remote-pictures = 写真と書類
remote-snapshot-camera = カメラの写真
remote-snapshot-panel = 画面の写真
remote-share-panel = 画面を見せてもらう
remote-share-document = 書画カメラを見せてもらう
remote-share-stop = 表示をやめてもらう
remote-consent = 毎回、来訪者に尋ね、ボタンで同意または拒否してもらいます。
remote-restart = キオスクを再起動
remote-restart-question = { $name } を再起動しますか？
remote-restart-long = 進行中の通話は終了します。キオスクは約 1 分で戻ります。
remote-restart-do = 再起動
wish-mute = ミュート
wish-unmute = ミュート解除
wish-camera-off = カメラをオフ
wish-camera-on = カメラをオン
wish-volume = 音量
wish-snapshot-camera = カメラの写真
wish-snapshot-panel = 画面の写真
wish-share-panel = 画面の表示
wish-share-document = 書画カメラの表示
wish-share-stop = 表示の終了
wish-restart = 再起動
wish-waits = 来訪者の同意を待っています：{ $wish }
wish-pending = 依頼しました：{ $wish }
wish-granted = 完了：{ $wish }
wish-refused = 拒否されました：{ $wish }
wish-no-answer = 返事がありません：{ $wish }

## Statistics

statistics = 接続
quality-good = 良好
quality-fair = 普通
quality-poor = 不良
quality-good-long = 接続は良好です。
quality-fair-long = 短い乱れが起こることがあります。
quality-poor-long = 映像と音声が止まることがあります。
round-trip-time = 往復時間
milliseconds = { $value } ミリ秒
bitrate-in = 受信
bitrate-out = 送信
loss = パケット損失
jitter = 揺らぎ
picture-size = 映像
picture-size-value = { $width } × { $height }、{ $fps } フレーム/秒
chart = { $name }：現在 { $value }、直近 1 分の最大 { $most }
unknown = –

## Chat and files

chat = チャット
chat-with = { $name } とのチャット
chat-log = メッセージ
chat-empty-kiosk = 書いた内容はキオスクの画面に表示されます。
chat-empty = まだ何も書かれていません。
chat-offline = { $name } はオフラインです。書いた内容は戻り次第届きます。
message = メッセージ
message-placeholder = メッセージを書く
send = 送信
you = あなた
delivered = 配信済み
sent = 送信済み
waits = 待機中
unread = 未読メッセージ { $count } 件
new-message = { $name } から新着メッセージ
retention = 履歴の保存
retention-call = 通話が終わるまで
retention-page = このページを閉じるまで
retention-days = { $days } 日間
retention-forget = 履歴をすべて消す
retention-forget-question = 全員との履歴を消しますか？
retention-forget-do = 消す
quick-texts = 定型文
quick-texts-edit = 定型文を編集
quick-texts-long = 1 行に 1 つ。クリックで送信します。
quick-texts-reset = 標準に戻す
quick-text-1 = こんにちは。ご用件を伺います。
quick-text-2 = 少々お待ちください。
quick-text-3 = 係の者がそちらへ参ります。
quick-text-4 = もう少し大きな声でお願いします。
quick-text-5 = ありがとうございました。失礼いたします。
attach = ファイルを送る
attach-needs-call = ファイルは通話中に送れます。
drop-here = ここに放すと { $name } に送信
file-preparing = 準備中
file-queued = 別のファイルを待っています
file-offered = キオスクを待っています
file-moving-time = { $moved } / { $size }
file-paused = 一時停止。次の通話で続きます
file-sending = 送信中
file-receiving = 受信中
file-sent = 送信済み
file-received = 受信済み
file-failed-declined = 拒否されました
file-failed-size = 大きすぎます
file-failed-type = この種類のファイルは受け取れません
file-failed-quota = 相手に空きがありません
file-failed-hash = 途中で壊れました
file-failed-storage = 保存できませんでした
file-failed-stopped = 中止しました
file-stop = { $name } を中止
file-progress = { $name }：{ $percent }
file-save = { $name } を保存
file-open = { $name } を開く
file-show = キオスクに表示
file-hide = キオスクの表示を消す
file-shown = キオスクに表示中
file-offered-here = { $name } がこのファイルを送ろうとしています
file-accept = 受け取る
file-decline = 断る
file-remove = { $name } を一覧から外す

## Pairing

pairing = キオスクとペアリング
pairing-intro = ペアリングすると、サーバーを介さずに、このブラウザーとキオスクが互いを信頼します。キオスクの前に人が必要です。
pairing-step = キオスクでペアリングボタンを 3 秒間押し続けてください。両方の画面に 6 桁の数字が表示されます。
pairing-begin = 始める
pairing-waiting = キオスクを待っています…
seconds-left = 残り { $seconds } 秒
pairing-compare = { $name } の画面に同じ数字が表示されていますか？
pairing-digits = 数字：{ $digits }
pairing-name = 登録する名前
pairing-same = 同じです
pairing-differ = 違います
pairing-confirmed = こちらは確認済みです。キオスクで「はい」を押してもらってください。
pairing-done = これから { $name } を信頼します。
pairing-failed-timed-out = 時間内に返事がありませんでした。
pairing-failed-cancelled = 相手がペアリングを中止しました。
pairing-failed-mismatch = 数字が合いません。途中に誰かがいる可能性があります。信頼は行いませんでした。
pairing-failed-too-many-tries = 10 分間に 3 回の試行を使い切りました。しばらくお待ちください。
pairing-failed-no-link = ペアリングにはサーバーとの接続が必要です。
pairing-again = もう一度試す

## Trust

trust-list = 信頼した鍵
trust-list-empty = まだ誰も信頼していません。キオスクとペアリングするか、ルームの鍵を信頼してください。
trust-since = { $date } から信頼
trust-remove-name = { $name } を削除
trust-remove-question = { $name } の信頼をやめますか？
trust-remove-long = もう一度ペアリングするまで、未確認になります。
own-key = このブラウザーの鍵（信頼したい人に伝えてください）

## Settings

settings = 設定
settings-you = あなた
settings-name = 名前
settings-room = ルーム
settings-room-hint = 小文字、数字、ピリオド、下線、ハイフン
settings-look = 外観と言語
settings-language = 言語
settings-language-browser = ブラウザーに合わせる（{ $language }）
settings-theme = 配色
theme-system = システム
theme-light = ライト
theme-dark = ダーク
settings-alerts = お知らせ
settings-ring = 着信音の音量
settings-ring-test = 一度鳴らす
settings-notifications = デスクトップ通知
settings-notifications-granted = 許可済み
settings-notifications-denied = ブラウザーの設定でブロックされています
settings-devices = カメラと音声
device-videoinput = カメラ
device-audioinput = マイク
device-audiooutput = スピーカー
device-default = ブラウザーに任せる
quality = 送る映像
quality-auto = 自動
quality-data-saver = データ節約
quality-sharp = くっきり（書類向き）
quality-smooth = なめらか（動きや手話向き）
media-audio-denied = ブラウザーがマイクを使えませんでした。声は届きません。アドレスの横で許可し、もう一度お試しください。
media-audio-missing = マイクが見つかりません。声は届きません。
media-audio-in-use = マイクは別のプログラムが使用中です。声は届きません。
media-audio-unusable = ここではマイクを使えません。声は届きません。
media-audio-gone = マイクがなくなりました。通話はマイクなしで続きます。
media-video-denied = ブラウザーがカメラを使えませんでした。姿は届きません。アドレスの横で許可し、もう一度お試しください。
media-video-missing = カメラが見つかりません。姿は届きません。
media-video-in-use = カメラは別のプログラムが使用中です。姿は届きません。
media-video-unusable = ここではカメラを使えません。姿は届きません。
media-video-gone = カメラがなくなりました。通話はカメラなしで続きます。
media-screen-unusable = ここでは画面を共有できません。

## Keys

help = キーボード
help-off = 単独キーの操作は設定でオフになっています。
help-allow = 単独キーをショートカットにする
key-answer = 応答
key-end = 拒否、または呼び出しをやめる
key-hang-up = 切る
key-mute = ミュートと解除
key-camera = カメラのオフとオン
key-share = 画面を共有
key-hold = 保留と再開
key-swap = 映像を入れ替える
key-chat = チャットへ
key-search = キオスクを探す
key-help = この一覧
