use zlink::{idl::Interface, varlink_service::Proxy as _};

use super::*;
use crate::{
    config::FilesSection,
    control::{
        client::{Client, ClientError},
        protocol::{DEFINITION, FileBeginReply, FileListReply, FileReadReply, INTERFACE, LARGEST_PUT},
    },
    files::FileStore,
    reload::{ConfigSource, Prepare},
    watchdog::Notifier,
};

fn sights(directory: &Path, trouble: &'static str) -> (FileStore, Sights) {
    let rules = FilesSection { keep_free_mb: 0, ..FilesSection::default() };
    let files = FileStore::start(directory, &rules, mpsc::channel(1).0, Box::new(|_, _| {})).expect("it starts");
    let screenshots: Screenshots = Arc::new(move || Err(io::Error::other(trouble)));
    let taken = (ConfigSource::default(), Config::default());
    let prepare: Prepare = Arc::new(|_| Ok(Box::new(|| {})));
    let reloader =
        Arc::new(Reloader::new(taken, prepare, (Notifier::default(), Events::default()), mpsc::channel(1).0));
    let devices: DeviceList = Arc::new(Vec::new);
    let state_dir = directory.to_owned();
    let sights = Sights {
        screenshots,
        devices,
        reloader,
        events: Events::default(),
        files: files.desk(),
        state_dir,
        history: None,
    };
    (files, sights)
}

/// A served socket whose loop says no to everything but Identity, with an echo of what was asked.
fn served() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("deep/control");
    let socket = ControlSocket::bind(&path, "no-such-group").expect("it binds");
    let (requests, mut asked) = mpsc::channel(1);
    let (files, sights) = sights(directory.path(), "it is dark");
    tokio::spawn(socket.serve(requests, sights));
    tokio::spawn(async move {
        let _files = files;
        while let Some(request) = asked.recv().await {
            let (method, answer) = match request {
                Request::Method(method, answer) => (method, answer),
                Request::WatchKeys(_) | Request::ShowLight(_) | Request::TryOut(..) => continue,
                Request::Configure(_, done) => {
                    let _ = done.send(());
                    continue;
                }
                Request::Tried(_, answer) => (Method::TryOut { for_ms: None }, answer),
                Request::SendFile(offer, answer) => (Method::FileShow { id: Some(offer.name) }, answer),
                Request::LearnKey(learner) => {
                    let device = "gpio-keys".into();
                    let _ = learner.send(KeyEvent { code: 169, edge: kiosk_hal::keys::Edge::Down, device });
                    continue;
                }
            };
            let said = if method == (Method::Identity {}) {
                Ok(json!({ "peer_id": "me" }))
            } else {
                Err(Failure::Declined(format!("{method:?}")))
            };
            let _ = answer.send(said);
        }
    });
    (directory, path)
}

async fn ask(path: &Path, method: Method) -> Result<Value, ClientError> {
    let path = path.to_owned();
    let asking = move || Client::connect(&path)?.ask(&method);
    tokio::task::spawn_blocking(asking).await.expect("it does not panic")
}

#[tokio::test]
async fn another_implementation_of_varlink_understands_us() {
    let (_directory, path) = served();
    let mut connection = zlink::tokio::unix::connect(&path).await.expect("it connects");
    let info = connection.get_info().await.expect("an answer").expect("no error");
    assert_eq!((info.product.as_ref(), info.interfaces.len()), ("kioskd", 2));
    for interface in ["org.varlink.service", INTERFACE] {
        let answer = connection
            .get_interface_description(interface.try_into().expect("a name"))
            .await
            .expect("an answer")
            .expect("no error");
        assert_eq!(answer.parse().expect("it is an interface").name(), interface);
    }
    let methods = Interface::try_from(DEFINITION).expect("it parses").methods().count();
    assert_eq!(methods, DEFINITION.matches("\nmethod ").count());
}

#[tokio::test]
async fn answers_and_refusals_come_back() {
    let (_directory, path) = served();
    assert_eq!(ask(&path, Method::Identity {}).await.expect("an answer"), json!({ "peer_id": "me" }));
    match ask(&path, Method::Camera { on: true }).await {
        Err(ClientError::Failed(Failure::Declined(sentence))) => assert_eq!(sentence, "Camera { on: true }"),
        other => panic!("{other:?}"),
    }
    let learned = ask(&path, Method::LearnKey {}).await.expect("an answer");
    assert_eq!(learned, json!({ "name": "KEY_PHONE", "code": 169, "device": "gpio-keys" }));
    assert_eq!(ask(&path, Method::Devices {}).await.expect("an answer"), json!({ "devices": [] }));
    assert_eq!(ask(&path, Method::Crashes {}).await.expect("an answer"), json!({ "crashes": [] }));
    match ask(&path, Method::Screenshot {}).await {
        Err(ClientError::Failed(Failure::Unavailable(sentence))) => assert!(sentence.ends_with("it is dark")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn files_are_brought_sent_read_and_forgotten() {
    let (_directory, path) = served();
    let bytes: Vec<u8> = (0..100_000_u32).map(|place| b'a' + (place % 26) as u8).collect();
    let begin = Method::FileBegin { name: "form.txt".to_owned(), size: bytes.len() as u64 };
    let begun = ask(&path, begin).await.expect("there is room");
    let FileBeginReply { id } = serde_json::from_value(begun).expect("an id");
    let put = |offset: usize, piece: &[u8]| Method::FilePut {
        id: id.clone(),
        offset: offset as u64,
        data: BASE64_STANDARD.encode(piece),
    };
    for (index, piece) in bytes.chunks(LARGEST_PUT).enumerate() {
        ask(&path, put(index * LARGEST_PUT, piece)).await.expect("it is kept");
    }
    assert!(ask(&path, put(7, b"again")).await.is_err());
    match ask(&path, Method::FileSend { id: id.clone() }).await {
        Err(ClientError::Failed(Failure::Declined(sentence))) => {
            assert_eq!(sentence, "FileShow { id: Some(\"form.txt\") }")
        }
        other => panic!("{other:?}"),
    }
    let listed = ask(&path, Method::FileList {}).await.expect("an answer");
    let FileListReply { files } = serde_json::from_value(listed).expect("files");
    assert_eq!((files.len(), files[0].media_type.as_str(), files[0].outgoing), (1, "text/plain", true));
    let mut read = Vec::new();
    loop {
        let piece = ask(&path, Method::FileRead { id: id.clone(), offset: read.len() as u64 }).await.expect("a piece");
        let FileReadReply { data, size } = serde_json::from_value(piece).expect("a piece");
        assert_eq!(size, 100_000);
        if data.is_empty() {
            break;
        }
        read.extend(BASE64_STANDARD.decode(data).expect("base64"));
    }
    assert_eq!(read, bytes);
    for wrong in ["", "../../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = ask(&path, Method::FileRead { id: wrong.to_owned(), offset: 0 }).await;
        assert!(matches!(refused, Err(ClientError::Failed(Failure::NotFound(_)))), "{wrong}");
    }
}

#[tokio::test]
async fn a_client_that_talks_nonsense_or_too_much_is_closed() {
    let (_directory, path) = served();
    for bytes in [b"nonsense\0".to_vec(), vec![b' '; LARGEST_CALL + 2]] {
        let mut stream = UnixStream::connect(&path).await.expect("it connects");
        let _ = stream.write_all(&bytes).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    }
    assert!(ask(&path, Method::Identity {}).await.is_ok());
}

#[tokio::test]
async fn calls_in_a_row_are_answered_in_order_and_oneway_ones_not() {
    let (_directory, path) = served();
    let mut stream = UnixStream::connect(&path).await.expect("it connects");
    let calls = "{\"method\":\"org.kiosk.Kioskd.Mute\",\"oneway\":true}\0\
                 {\"method\":\"org.kiosk.Kioskd.Answer\"}\0{\"method\":\"org.kiosk.Kioskd.Identity\"}\0";
    stream.write_all(calls.as_bytes()).await.expect("it takes");
    stream.shutdown().await.expect("it closes");
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.expect("it answers");
    let replies: Vec<_> = replies.split_terminator('\0').collect();
    assert_eq!(replies.len(), 2, "{replies:?}");
    assert!(replies[0].contains("Answer") && replies[1].contains("peer_id"), "{replies:?}");
}

#[tokio::test]
async fn what_goes_on_is_asked_with_more_and_comes_again_and_again() {
    let (_directory, path) = served();
    match ask(&path, Method::Events {}).await {
        Err(ClientError::Surprise(error)) => assert!(error.contains("org.varlink.service.ExpectedMore"), "{error}"),
        other => panic!("{other:?}"),
    }
    let mut stream = UnixStream::connect(&path).await.expect("it connects");
    stream.write_all(b"{\"method\":\"org.kiosk.Kioskd.TestLights\",\"more\":true}\0").await.expect("it takes");
    let mut replies = Vec::new();
    while replies.iter().filter(|byte| **byte == 0).count() < 6 {
        assert_ne!(stream.read_buf(&mut replies).await.expect("it answers"), 0);
    }
    let replies = String::from_utf8(replies).expect("UTF-8");
    let replies: Vec<Value> =
        replies.split_terminator('\0').map(|reply| serde_json::from_str(reply).expect("JSON")).collect();
    assert_eq!(replies[0]["parameters"], json!({ "light": "call", "led": "kiosk:green:call" }));
    assert!(replies[..5].iter().all(|reply| reply["continues"] == true));
    assert_eq!((&replies[5]["parameters"]["light"], &replies[5]["continues"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_second_kioskd_is_told_and_what_a_killed_one_left_is_replaced() {
    let (_directory, path) = served();
    let taken = ControlSocket::bind(&path, "no-such-group").expect_err("it is taken");
    assert_eq!(
        taken.to_string(),
        format!("another kioskd listens at {}; stop it, or set another control_socket in [paths]", path.display())
    );
    let left = path.with_file_name("left");
    drop(std::os::unix::net::UnixListener::bind(&left).expect("it binds"));
    assert!(left.exists());
    drop(ControlSocket::bind(&left, "no-such-group").expect("nobody listens there"));
    assert!(!left.exists(), "the file goes with the socket");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
}

#[tokio::test]
async fn strangers_are_told_that_they_may_not() {
    let gate = Gate { own: Uid::from_raw(990), group: Some(Gid::from_raw(991)) };
    let lets_in = |uid, gid| gate.lets_in(Uid::from_raw(uid), gid);
    assert!(lets_in(0, 0) && lets_in(990, 990) && lets_in(4_000_001, 991));
    assert!(!lets_in(4_000_001, 990));
    assert!(!Gate { group: None, ..gate }.lets_in(Uid::from_raw(4_000_001), 991));

    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let (requests, _asked) = mpsc::channel(1);
    let directory = tempfile::tempdir().expect("a directory");
    let (_files, sights) = sights(directory.path(), "dark");
    let connection = Connection { stream: ours, requests, sights };
    connection.serve(false).await.expect("it writes");
    let mut told = String::new();
    let mut theirs = theirs;
    theirs.read_to_string(&mut told).await.expect("it reads");
    assert!(told.contains("org.kiosk.Kioskd.Denied") && told.contains("only root"), "{told}");
}

#[test]
fn nobody_there_is_said_so() {
    let sentence = Client::connect(Path::new("/nonexistent/control")).expect_err("nobody").to_string();
    assert!(sentence.starts_with("kioskd is not running: nobody listens at /nonexistent/control"), "{sentence}");
}
