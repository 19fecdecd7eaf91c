//! Which addresses a program tried to reach, as `strace` saw it.
//!
//! A program of ours may reach 127.0.0.1, `::1` and the sockets of its own machine. Tests give it 127.0.0.2 for the world
//! outside ([`OUTSIDE`]): an attempt to reach it is refused at once, and seen.

use std::path::Path;

/// Stands for every host that is not this machine. Nobody listens there.
pub const OUTSIDE: &str = "http://127.0.0.2:9";

/// The words before a program that is to be watched, with all that it starts. It stays its parent's child: the tracer is
/// the one that stands aside (`-D`). Written to the end of the file, because several may be at it.
#[must_use]
pub fn tracer(trace: &Path) -> Vec<String> {
    let words = [
        "strace",
        "-D",
        "-f",
        "-qqq",
        "-yy",
        "--seccomp-bpf",
        "--trace=connect,sendto,sendmsg,sendmmsg",
        "--signal=none",
        "--output-append-mode",
        "--output",
    ];
    let path = trace.to_string_lossy().into_owned();
    words
        .iter()
        .map(ToString::to_string)
        .chain([path])
        .collect()
}

/// What a trace holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// How many went to this machine by its loopback addresses.
    pub to_loopback: usize,
    /// The lines about any other address.
    pub elsewhere: Vec<String>,
}

/// Reads a trace.
#[must_use]
pub fn read(trace: &Path) -> Connections {
    parse(&std::fs::read_to_string(trace).unwrap())
}

fn parse(text: &str) -> Connections {
    let mut found = Connections::default();
    for line in text.lines() {
        match address(line) {
            None => {}
            Some("127.0.0.1" | "::1" | "::ffff:127.0.0.1") => found.to_loopback += 1,
            Some(_) => found.elsewhere.push(line.to_owned()),
        }
    }
    found
}

/// The internet address that a call reaches; none in those about other kinds of sockets.
fn address(line: &str) -> Option<&str> {
    let is_datagram = line.contains("<UDP");
    if is_datagram && line.contains(" connect(") {
        // Sends nothing: it asks the system which of its addresses it would take.
        return None;
    }
    let peer = is_datagram.then(|| peer(line)).flatten();
    named(line).or(peer)
}

/// What a datagram's socket was connected to before: `<UDP:[127.0.0.1:5->192.0.2.1:53]>`.
fn peer(line: &str) -> Option<&str> {
    let (peer, _) = line.split_once("->")?.1.split_once("]>")?;
    let (host, _port) = peer.rsplit_once(':')?;
    Some(host.trim_matches(['[', ']']))
}

/// The address among the call's arguments.
fn named(line: &str) -> Option<&str> {
    let quoted = ["inet_addr(\"", "inet_pton(AF_INET6, \""];
    let rest = quoted
        .iter()
        .find_map(|before| Some(line.split_once(before)?.1))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        let text = r#"71 connect(9<UNIX-STREAM:[5]>, {sa_family=AF_UNIX, sun_path="/run/nscd"}, 110) = -1 ENOENT
71 connect(9<TCP:[5]>, {sa_family=AF_INET, sin_port=htons(8421), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
71 connect(9<TCPv6:[5]>, {sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0
71 connect(9<UDP:[5]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
71 sendto(9<UDP:[127.0.0.1:4->127.0.0.1:9]>, "x", 1, 0, NULL, 0) = 1
72 sendto(9<UDP:[192.0.2.2:4->192.0.2.1:53]>, "x", 1, 0, NULL, 0) = 1
72 sendto(9<UDPv6:[[fd00::2]:4->[2001:db8::1]:53]>, "x", 1, 0, NULL, 0) = 1
72 sendto(9<UDP:[5]>, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.53")}, 16) = 1
73 connect(8<TCP:[6]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.2")}, 16 <unfinished ...>
"#;
        let found = parse(text);
        assert_eq!(found.to_loopback, 3, "{found:?}");
        assert_eq!(found.elsewhere.len(), 4, "{found:?}");
    }
}
