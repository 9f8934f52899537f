//! Two nodes become partners: with files, or by endpoint and fingerprint.

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
};

use crate::served::{ORGANISATION, Served, listings};

#[test]
fn two_nodes_are_introduced_with_files_and_exchange() {
    let (bvf, unv) = (Served::start("BVF"), Served::start("UNV"));
    for (one, other) in [(&bvf, &unv), (&unv, &bvf)] {
        other.ok(&["partner", "export", "--out", "self.partner"]);
        let file = other.path("self.partner").display().to_string();
        let endpoint = other.exchange();
        one.ok(&["partner", "add", "--descriptor", &file, "--endpoint", endpoint]);
    }
    bvf.write("organisation.yaml", ORGANISATION);
    let organisation = bvf.ok(&["organisation", "publish", "organisation.yaml"]);
    bvf.write("listing.yaml", listings(organisation[0]["id"].as_str().unwrap(), 1));
    let published = bvf.ok(&["listing", "publish", "listing.yaml"]);
    let id = published[0]["id"].as_str().unwrap();
    unv.until(&["listing", "list"], |listed| listed.iter().any(|line| line.to_string().contains(id)));
    let partners = unv.ok(&["partner", "list"]);
    assert!(format!("{partners:?}").contains("BVF"));
}

#[test]
fn endpoint_and_fingerprint_are_enough_once_both_have_introduced_each_other() {
    let (bvf, unv) = (Served::start("BVF"), Served::start("UNV"));
    let added = bvf.add(&unv);
    assert_eq!(added["name"]["id"], unv.id());
    assert_eq!(added["name"]["names"][0]["text"], "UNV");

    // UNV doesn't know BVF yet, and gives it nothing.
    let refused = bvf.until(&["partner", "list"], |partners| {
        partners.iter().any(|partner| partner["connection"]["error"] == "peer.refused")
    });
    let of_unv = refused.iter().find(|partner| partner["id"] == unv.id()).unwrap();
    assert!(of_unv["log"].is_null() || of_unv["log"]["size"] == 0, "{of_unv}");

    unv.add(&bvf);
    for (one, other) in [(&bvf, &unv), (&unv, &bvf)] {
        let id = other.id();
        one.until(&["partner", "list"], |partners| {
            partners
                .iter()
                .any(|partner| partner["id"] == id.as_str() && partner["connection"]["state"] == "connected")
        });
    }
    bvf.write("organisation.yaml", ORGANISATION);
    let organisation = bvf.ok(&["organisation", "publish", "organisation.yaml"]);
    let id = organisation[0]["id"].as_str().unwrap();
    unv.until(&["organisation", "list"], |listed| listed.iter().any(|line| line["id"] == id));
}

#[test]
fn who_cannot_be_introduced_is_told_why_and_what_to_do() {
    let (bvf, unv) = (Served::start("BVF"), Served::start("UNV"));
    let fingerprint = unv.fingerprint();
    let other = fingerprint.replacen(
        |c: char| c.is_ascii_hexdigit(),
        if fingerprint.starts_with('0') { "1" } else { "0" },
        1,
    );
    let add = |endpoint: &str, fingerprint: &str| {
        let report = bvf.refused(&["partner", "add", "--endpoint", endpoint, "--fingerprint", fingerprint]);
        let text = |name: &str| report["error"][name].as_str().unwrap().to_owned();
        (text("code"), text("message"), text("hint"))
    };

    let (code, message, hint) = add(unv.exchange(), &other);
    assert_eq!(code, "identity.partner");
    assert!(message.contains(&fingerprint) && message.contains(unv.exchange()), "{message}");
    assert!(hint.contains("ask the other operator"), "{hint}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (code, message, hint) = add(&nobody, &fingerprint);
    assert_eq!(code, "peer.unreachable");
    assert!(message.contains(&nobody) && hint.contains("descriptor file"), "{message} {hint}");

    // Its API in place of its exchange.
    let (code, _, hint) = add(unv.ready["api"].as_str().unwrap(), &fingerprint);
    assert_eq!(code, "peer.protocol");
    assert!(hint.contains("port of its exchange"), "{hint}");

    let (code, _, _) = add(bvf.exchange(), &bvf.fingerprint());
    assert_eq!(code, "peer.self");
    assert!(bvf.ok(&["partner", "list"]).iter().all(|partner| partner["id"] != unv.id()));

    let output =
        bvf.run(&["--lang", "zh-CN", "partner", "add", "--endpoint", &nobody, "--fingerprint", &fingerprint]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("没有添加任何伙伴") && text.contains("怎么办"), "{text}");
}

/// A server that answers whoever connects like this.
fn answering(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    address
}

#[test]
fn t21_servers_that_stall_or_never_end_are_given_up() {
    let bvf = Served::start("BVF");
    let silent = answering(std::mem::forget);
    let by_the_byte = answering(|mut stream| {
        // A handshake message of 16 KiB, announced and never finished.
        let _ = stream.write_all(&[22, 3, 3, 64, 0]);
        while stream.write_all(&[2]).is_ok() {
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
    });
    let endless = answering(|mut stream| while stream.write_all(&[22; 4_096]).is_ok() {});
    let closing = answering(drop);
    for (endpoint, expected) in [
        (silent, "peer.slow"),
        (by_the_byte, "peer.slow"),
        (endless, "peer.protocol"),
        (closing, "peer.protocol"),
    ] {
        let report =
            bvf.refused(&["partner", "add", "--endpoint", &endpoint, "--fingerprint", &"ab".repeat(16)]);
        assert_eq!(report["error"]["code"], expected, "{report}");
    }
    assert_eq!(bvf.ok(&["partner", "list"]).len(), 1, "nobody but itself");
}
