//! A plain server of files with ranges, and of the few headers that the hub's client asks for.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Serves the files of a folder, by their names at the end of any path, until it is killed. `PORT` is printed first.
/// With a speed each connection gets so many bytes a second, and each answer comes 50 ms late.
pub(crate) fn serve(folder: &Path, bytes_per_second: Option<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    for stream in listener.incoming().flatten() {
        let folder = folder.to_path_buf();
        std::thread::spawn(move || {
            let _ = converse(&stream, &folder, bytes_per_second);
        });
    }
}

fn converse(stream: &TcpStream, folder: &Path, speed: Option<u64>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        answer(stream, folder, speed, &head)?;
    }
}

fn answer(
    mut stream: &TcpStream,
    folder: &Path,
    speed: Option<u64>,
    head: &[String],
) -> std::io::Result<()> {
    if speed.is_some() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut words = head.first().map_or("", String::as_str).split(' ');
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let name = path.split('?').next().unwrap_or_default();
    let name = PathBuf::from(name);
    let opened = name.file_name().map(|name| File::open(folder.join(name)));
    let Some(Ok(mut file)) = opened else {
        let said =
            "HTTP/1.1 404 Not Found\r\nX-Error-Code: EntryNotFound\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(said.as_bytes());
    };
    let size = file.metadata()?.len();
    let asked = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let range = value.trim().strip_prefix("bytes=")?;
        name.eq_ignore_ascii_case("range").then(|| range.to_owned())
    });
    let (status, start, end) = match asked.as_deref().and_then(|range| range.split_once('-')) {
        Some((first, last)) => {
            let start: u64 = first.parse().unwrap_or(0);
            let end = last
                .parse::<u64>()
                .map_or(size, |last| (last + 1).min(size));
            ("206 Partial Content", start, end)
        }
        None => ("200 OK", 0, size),
    };
    let mut said = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\nETag: \"{size:040x}\"\r\n\
         X-Repo-Commit: {:040x}\r\nX-Linked-Size: {size}\r\nContent-Type: application/octet-stream\r\n",
        end - start,
        7,
    );
    if status.starts_with("206") {
        said += &format!("Content-Range: bytes {start}-{}/{size}\r\n", end - 1);
    }
    stream.write_all((said + "\r\n").as_bytes())?;
    if method == "HEAD" {
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    match speed {
        // The kernel copies: sendfile.
        None => std::io::copy(&mut file.take(end - start), &mut stream).map(|_| ()),
        Some(speed) => throttled(stream, &mut file.take(end - start), speed),
    }
}

fn throttled(mut stream: &TcpStream, file: &mut impl Read, speed: u64) -> std::io::Result<()> {
    let begin = Instant::now();
    let mut buffer = vec![0; 128 << 10];
    let mut sent = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read])?;
        sent += read as u64;
        let due = Duration::from_secs_f64(sent as f64 / speed as f64);
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
    }
}
