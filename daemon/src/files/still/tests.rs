use super::*;

const WISH: Wish = Wish { largest: Size { width_px: 4, height_px: 2 }, zoom: 0 };

#[test]
fn what_the_decoder_says_is_not_believed() {
    let answer = |width: u32, height: u32, bytes: usize| {
        understand([width.to_le_bytes().to_vec(), height.to_le_bytes().to_vec(), vec![7; bytes]].concat(), WISH)
    };
    let decoded = answer(3, 2, 24).expect("it fits");
    assert_eq!((decoded.size.width_px, decoded.pixels), (3, vec![7; 24]));
    for (width, height, bytes) in [(3, 2, 23), (3, 2, 25), (5, 2, 40), (4, 3, 48), (0, 2, 0), (u32::MAX, u32::MAX, 16)]
    {
        assert_eq!(answer(width, height, bytes), None, "{width} x {height}, {bytes} bytes");
    }
    assert_eq!(understand(vec![1, 0, 0, 0, 1, 0], WISH), None);
}

#[test]
fn the_decoder_cannot_write_to_the_journal_as_it_likes() {
    assert_eq!(printable(b" it is \x1b[2J\xff "), "it is \u{fffd}[2J\u{fffd}");
}

/// Tries what a decoder in a stranger's hands would try, and tells what worked. Run by the test below.
#[test]
#[ignore = "the child of a_decoder_reaches_nothing"]
fn tries_to_get_out() {
    let memory = || (0..64).map(|_| Vec::<u8>::new().try_reserve_exact(1 << 30).is_ok()).collect::<Vec<_>>();
    confine::confine().expect("it is shut in");
    let worked = [
        ("read", File::open("/etc/hostname").is_ok() || File::open("/proc/self/mem").is_ok()),
        ("write", std::fs::write("/tmp/kiosk-decoder", "x").is_ok()),
        ("list", std::fs::read_dir("/").is_ok()),
        (
            "connect",
            std::net::TcpStream::connect(("127.0.0.1", 1))
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused),
        ),
        ("listen", std::net::TcpListener::bind(("127.0.0.1", 0)).is_ok()),
        ("start", std::process::Command::new("/bin/true").status().is_ok()),
        ("allocate", memory().contains(&true) && Vec::<u8>::new().try_reserve_exact(2 << 30).is_ok()),
    ];
    let worked: Vec<_> = worked.iter().filter(|(_, worked)| *worked).map(|(name, _)| *name).collect();
    println!("worked: {worked:?}");
    // The harness would want a thread.
    std::process::exit(0);
}

#[test]
fn a_decoder_reaches_nothing() {
    let output = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "files::still::tests::tries_to_get_out", "--ignored", "--nocapture"])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("worked: []"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
