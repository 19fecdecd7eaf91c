//! A display and a session bus that nobody else has.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, EventMask, MapState, Window,
};
use x11rb::rust_connection::RustConnection;

/// A process that ends with the test, however the test ends.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Xvfb and dbus-daemon.
pub(crate) struct Desktop {
    _xvfb: Ended,
    _bus: Ended,
    /// `:N`.
    pub(crate) display: String,
    /// The address of the session bus.
    pub(crate) bus: String,
}

impl Desktop {
    /// Starts both; they say themselves where they can be reached, so that tests do not race for numbers.
    pub(crate) fn start(runtime: &std::path::Path) -> Self {
        let (xvfb, number) = announced(Command::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
            // Else it starts anew when its last client leaves, and refuses who comes meanwhile.
            "-noreset",
        ]));
        let (bus, address) = announced(
            Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address=1"])
                // In the test's own folder, that its socket goes with it.
                .arg(format!("--address=unix:dir={}", runtime.display()))
                .env("XDG_RUNTIME_DIR", runtime),
        );
        Self {
            _xvfb: xvfb,
            _bus: bus,
            display: format!(":{number}"),
            bus: address,
        }
    }

    /// What the close button of a window manager does: asks the app's window to close.
    pub(crate) fn close_window(&self) {
        let (server, root, protocols, delete) = self.connect();
        let window = closable(&server, root, protocols, delete).expect("a window");
        let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        server
            .send_event(false, window, EventMask::NO_EVENT, message)
            .unwrap();
        // Answered once everything before it has been done.
        server.get_input_focus().unwrap().reply().unwrap();
    }

    /// Whether there is a window that can be seen, and closed.
    pub(crate) fn shows_a_window(&self) -> bool {
        let (server, root, protocols, delete) = self.connect();
        closable(&server, root, protocols, delete).is_some()
    }

    /// Puts the app's window elsewhere, as a window manager does when it is dragged.
    pub(crate) fn move_window(&self, x: i32, y: i32) {
        let (server, root, protocols, delete) = self.connect();
        let window = closable(&server, root, protocols, delete).expect("a window");
        let place = ConfigureWindowAux::new().x(x).y(y);
        server.configure_window(window, &place).unwrap();
        server.get_input_focus().unwrap().reply().unwrap();
    }

    /// Where the app's window is.
    pub(crate) fn place_of_window(&self) -> (i32, i32) {
        let (server, root, protocols, delete) = self.connect();
        let window = closable(&server, root, protocols, delete).expect("a window");
        let box_of_it = server.get_geometry(window).unwrap().reply().unwrap();
        (box_of_it.x.into(), box_of_it.y.into())
    }

    fn connect(&self) -> (RustConnection, Window, u32, u32) {
        let (server, screen) = RustConnection::connect(Some(&self.display)).unwrap();
        let atom = |name: &str| {
            let asked = server.intern_atom(false, name.as_bytes()).unwrap();
            asked.reply().unwrap().atom
        };
        let (protocols, delete) = (atom("WM_PROTOCOLS"), atom("WM_DELETE_WINDOW"));
        let root = server.setup().roots[screen].root;
        (server, root, protocols, delete)
    }
}

/// A window on the screen that can be asked to close.
fn closable(server: &RustConnection, root: Window, protocols: u32, delete: u32) -> Option<Window> {
    let is_closable = |window: &Window| {
        let asked = server.get_property(false, *window, protocols, AtomEnum::ATOM, 0, 32);
        let Ok(answer) = asked.unwrap().reply() else {
            return false;
        };
        let speaks = answer
            .value32()
            .is_some_and(|mut atoms| atoms.any(|atom| atom == delete));
        speaks && is_shown(server, *window)
    };
    let windows = server.query_tree(root).unwrap().reply().unwrap().children;
    windows.into_iter().find(is_closable)
}

fn is_shown(server: &RustConnection, window: Window) -> bool {
    server
        .get_window_attributes(window)
        .unwrap()
        .reply()
        .is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
}

/// Starts a program that says its number or address in the first line.
fn announced(command: &mut Command) -> (Ended, String) {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.trim().is_empty(), "{program} did not start");
    (Ended(child), line.trim().to_owned())
}
