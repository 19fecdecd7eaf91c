//! The command line beside its verbs: what it links, versions, completions, colours.

use std::process::Command;

use rustix::process::Signal;
use test_support::{Home, environment};

/// A server has no window system: the headless host must start without one.
#[test]
fn the_command_links_no_window_system() {
    for path in [environment::paddock(), environment::guard()] {
        let program = path.display();
        let output = Command::new("ldd").arg(&path).output().unwrap();
        let libraries = String::from_utf8(output.stdout).unwrap();
        assert!(libraries.contains("libc.so"), "{program}: {libraries}");
        for name in [
            "gtk", "gdk", "webkit", "wayland", "libX11", "libxcb", "libdbus",
        ] {
            assert!(
                !libraries.contains(name),
                "{program} links {name}: {libraries}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_of_another_version_than_the_host_says_so_and_works() {
    let home = Home::new();
    let host = home.serve().await;
    let same = home.paddock(&["ps"]).await.succeeded();
    assert!(!same.stderr.contains("restart"), "{}", same.stderr);

    let file = home.data().join("run/host.json");
    let mut info: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    info["version"] = "99.1.0".into();
    std::fs::write(&file, info.to_string()).unwrap();
    let other = home.paddock(&["status", "--json"]).await.succeeded();
    assert_eq!(other.json()["running"], true);
    assert_eq!(other.stderr.matches("the running one is 99.1.0").count(), 1);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shells_can_complete_every_verb() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home
            .paddock(&["completions", shell])
            .await
            .succeeded()
            .stdout;
        for word in ["serve", "engine", "key", "unload", "doctor", "ctx-size"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let script = home
        .paddock(&["completions", "bash"])
        .await
        .succeeded()
        .stdout;
    let file = home.file("paddock.bash");
    std::fs::write(&file, script).unwrap();
    // As bash itself does it: what comes after `paddock key `?
    let asks = format!(
        "source {}; COMP_WORDS=(paddock key ''); COMP_CWORD=2; _paddock paddock '' key; echo \"${{COMPREPLY[*]}}\"",
        file.display()
    );
    let output = Command::new("bash").arg("-c").arg(asks).output().unwrap();
    let offered = String::from_utf8(output.stdout).unwrap();
    for word in ["add", "ls", "rm"] {
        assert!(offered.split(' ').any(|offer| offer == word), "{offered}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_coloured_for_people_alone() {
    const ESCAPE: char = '\u{1b}';
    let stderr = async |variables: &[(&str, &str)]| {
        let mut home = Home::new();
        for (name, value) in variables {
            home = home.with_variable(name, value);
        }
        home.paddock(&["engine", "use", "nosuch"])
            .await
            .failed()
            .stderr
    };
    let plain = stderr(&[]).await;
    assert!(plain.starts_with("error: there is no engine"), "{plain}");
    assert!(plain.contains("\nhint: "), "{plain}");
    let forced = stderr(&[("CLICOLOR_FORCE", "1")]).await;
    assert!(forced.contains(ESCAPE), "{forced}");
    let never = stderr(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).await;
    assert_eq!(never, plain);
}
