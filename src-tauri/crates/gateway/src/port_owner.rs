//! Who has the port that the endpoint wants, where that can be known: another Paddock says so itself, and Linux tells
//! which user listens, and of this user's programs which one.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a Paddock may take to say that it is one.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// In words that follow "taken by".
pub(crate) async fn of(address: SocketAddr) -> String {
    let is_paddock = timeout(ANSWERS_WITHIN, is_paddock(address))
        .await
        .unwrap_or(false);
    let owner = tokio::task::spawn_blocking(move || listening::owner_of(address.port()))
        .await
        .ok()
        .flatten();
    words(is_paddock, owner)
}

/// Whose the listening socket is.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    /// Another user's name, or number.
    user: Option<String>,
    /// The program and its pid, of this user.
    program: Option<(String, u32)>,
}

fn words(is_paddock: bool, owner: Option<Owner>) -> String {
    let Some(owner) = owner else {
        let what = if is_paddock {
            "another Paddock"
        } else {
            "another program"
        };
        return what.to_owned();
    };
    match (owner.user, owner.program) {
        (Some(user), _) if is_paddock => format!("the Paddock of user {user}"),
        (Some(user), _) => format!("a program of user {user}"),
        (None, Some((_, pid))) if is_paddock => format!("another Paddock (pid {pid})"),
        (None, Some((name, pid))) => format!("{name} (pid {pid})"),
        (None, None) if is_paddock => "another Paddock".to_owned(),
        (None, None) => "another program".to_owned(),
    }
}

async fn is_paddock(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /health HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n",
            address.port()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    ask.await
        .is_ok_and(|answer| memchr::memmem::find(&answer, br#""service":"paddock""#).is_some())
}

#[cfg(not(target_os = "linux"))]
mod listening {
    pub(super) fn owner_of(_port: u16) -> Option<super::Owner> {
        None
    }
}

#[cfg(target_os = "linux")]
mod listening {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::Owner;

    /// In `/proc/net/tcp`.
    const LISTENING: &str = "0A";

    pub(super) fn owner_of(port: u16) -> Option<Owner> {
        let (user, inode) = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .find_map(|table| socket_in(&fs::read_to_string(table).ok()?, port))?;
        let ours = fs::metadata("/proc/self").ok()?.uid();
        if user == ours {
            return Some(Owner {
                user: None,
                program: program_with(inode),
            });
        }
        Some(Owner {
            user: Some(name_of(user).unwrap_or_else(|| user.to_string())),
            program: None,
        })
    }

    /// The user and inode of the socket that listens at a port.
    pub(super) fn socket_in(table: &str, port: u16) -> Option<(u32, u64)> {
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
            let is_it =
                u16::from_str_radix(local_port, 16) == Ok(port) && *fields.get(3)? == LISTENING;
            let socket = (fields.get(7)?.parse().ok()?, fields.get(9)?.parse().ok()?);
            is_it.then_some(socket)
        })
    }

    fn program_with(inode: u64) -> Option<(String, u32)> {
        let socket = format!("socket:[{inode}]");
        let processes = fs::read_dir("/proc").ok()?;
        processes.flatten().find_map(|process| {
            let pid: u32 = process.file_name().to_str()?.parse().ok()?;
            let mut files = fs::read_dir(process.path().join("fd")).ok()?.flatten();
            files
                .any(|file| fs::read_link(file.path()).is_ok_and(|link| link == Path::new(&socket)))
                .then(|| {
                    let name = fs::read_to_string(process.path().join("comm"));
                    (name.unwrap_or_default().trim().to_owned(), pid)
                })
        })
    }

    fn name_of(user: u32) -> Option<String> {
        let users = fs::read_to_string("/etc/passwd").ok()?;
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let number: u32 = fields.nth(1)?.parse().ok()?;
            (number == user).then(|| name.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said() {
        let owner = |user: Option<&str>, program: Option<(&str, u32)>| {
            Some(Owner {
                user: user.map(str::to_owned),
                program: program.map(|(name, pid)| (name.to_owned(), pid)),
            })
        };
        assert_eq!(
            words(true, owner(Some("anna"), None)),
            "the Paddock of user anna"
        );
        assert_eq!(
            words(false, owner(Some("1001"), None)),
            "a program of user 1001"
        );
        assert_eq!(
            words(false, owner(None, Some(("nginx", 7)))),
            "nginx (pid 7)"
        );
        assert_eq!(words(true, None), "another Paddock");
        assert_eq!(words(false, None), "another program");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_listener_is_found_in_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:20E5 0200007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 1111 1 0 100 0 0 10 0\n   1: 0100007F:20E5 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 2222 1 0 100 0 0 10 0\n";
        assert_eq!(listening::socket_in(table, 8421), Some((1001, 2222)));
        assert_eq!(listening::socket_in(table, 8422), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_of_ours_is_named() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let owner = listening::owner_of(port).unwrap();
        assert_eq!(owner.program.unwrap().1, std::process::id());
    }
}
