//! A desktop's tray, as a panel has it: takes items, reads their icon, tooltip and menu over D-Bus, and clicks. And its
//! notifications, which are only noted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use test_support::until;
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, connection, interface, proxy};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const SOON: Duration = Duration::from_secs(20);
/// The entry that ends the app.
const QUIT: &str = "Quit Paddock";

/// Who registered: the connection's name and the service or path that it gave.
type Items = Arc<Mutex<Vec<String>>>;
/// Titles and bodies.
type Told = Arc<Mutex<Vec<(String, String)>>>;

struct Watcher(Items);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        eprintln!("tray: {sender} registered {service}");
        self.0.lock().unwrap().push(sender);
    }
    fn register_status_notifier_host(&self, _service: String) {}
    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Notifications(Told);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[allow(clippy::too_many_arguments)]
    fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut told = self.0.lock().unwrap();
        told.push((title, body));
        u32::try_from(told.len()).unwrap()
    }
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }
    fn get_server_information(&self) -> (String, String, String, String) {
        let text = str::to_owned;
        (text("double"), text("test"), text("1"), text("1.2"))
    }
    fn close_notification(&self, _id: u32) {}
}

#[proxy(
    interface = "org.kde.StatusNotifierItem",
    default_path = "/StatusNotifierItem"
)]
trait Item {
    fn activate(&self, x: i32, y: i32) -> zbus::Result<()>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn menu(&self) -> zbus::Result<OwnedObjectPath>;
    #[zbus(property(emits_changed_signal = "false"))]
    #[allow(clippy::type_complexity)]
    fn icon_pixmap(&self) -> zbus::Result<Vec<(i32, i32, Vec<u8>)>>;
    #[zbus(property(emits_changed_signal = "false"))]
    #[allow(clippy::type_complexity)]
    fn tool_tip(&self) -> zbus::Result<(String, Vec<(i32, i32, Vec<u8>)>, String, String)>;
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

#[proxy(interface = "com.canonical.dbusmenu")]
trait DbusMenu {
    fn get_layout(&self, parent: i32, depth: i32, props: &[&str]) -> zbus::Result<(u32, Layout)>;
    fn event(&self, id: i32, event: &str, data: &Value<'_>, timestamp: u32) -> zbus::Result<()>;
}

/// An entry of the menu as the panel draws it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
}

/// The panel.
pub(crate) struct TrayHost {
    connection: Connection,
    items: Items,
    told: Told,
}

impl TrayHost {
    /// A panel with a tray.
    pub(crate) async fn start(bus: &str) -> Self {
        let host = Self::without_tray(bus).await;
        host.comes().await;
        host
    }

    /// A desktop that shows notifications and has no tray.
    pub(crate) async fn without_tray(bus: &str) -> Self {
        let (items, told) = (Items::default(), Told::default());
        let connection = connection::Builder::address(bus)
            .unwrap()
            .serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&items)))
            .unwrap()
            .serve_at(
                "/org/freedesktop/Notifications",
                Notifications(Arc::clone(&told)),
            )
            .unwrap()
            .name("org.freedesktop.Notifications")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self {
            connection,
            items,
            told,
        }
    }

    /// The tray is there from now on.
    pub(crate) async fn comes(&self) {
        self.connection.request_name(WATCHER).await.unwrap();
    }

    /// The panel is ended, or restarted: its tray goes, and with it all that it knew.
    pub(crate) async fn goes(&self) {
        self.connection.release_name(WATCHER).await.unwrap();
        self.items.lock().unwrap().clear();
    }

    /// The one icon that is there, once it is.
    async fn item(&self) -> String {
        until("an icon in the tray", SOON, async || {
            self.items.lock().unwrap().last().cloned()
        })
        .await
    }

    /// Waits until there is an icon.
    pub(crate) async fn has_an_icon(&self) {
        self.item().await;
    }

    /// Whether an icon is there now: one that registered, and whose app has not left the bus since.
    pub(crate) async fn shows_an_icon(&self) -> bool {
        let last = self.items.lock().unwrap().last().cloned();
        let Some(name) = last else { return false };
        let bus = zbus::fdo::DBusProxy::new(&self.connection).await.unwrap();
        bus.name_has_owner(name.as_str().try_into().unwrap())
            .await
            .unwrap()
    }

    async fn proxy(&self) -> ItemProxy<'static> {
        let built = ItemProxy::builder(&self.connection).destination(self.item().await);
        built.unwrap().build().await.unwrap()
    }

    async fn menu(&self) -> DbusMenuProxy<'static> {
        let item = self.proxy().await;
        let path = item.menu().await.unwrap();
        let built = DbusMenuProxy::builder(&self.connection)
            .destination(self.item().await)
            .unwrap()
            .path(path);
        built.unwrap().build().await.unwrap()
    }

    /// Pixels of the icon.
    pub(crate) async fn icon(&self) -> Vec<u8> {
        let mut icons = self.proxy().await.icon_pixmap().await.unwrap();
        assert_eq!(icons.len(), 1);
        let (width, height, pixels) = icons.remove(0);
        assert_eq!(pixels.len(), usize::try_from(width * height * 4).unwrap());
        pixels
    }

    /// Title and text of the tooltip.
    pub(crate) async fn tooltip(&self) -> String {
        let (_, _, title, text) = self.proxy().await.tool_tip().await.unwrap();
        format!("{title}\n{}", text.replace("<br/>", "\n"))
    }

    /// Waits until the tooltip has these words in it.
    pub(crate) async fn says(&self, words: &str) {
        let seen = Mutex::new(String::new());
        let says = async || {
            let tooltip = self.tooltip().await;
            let says = tooltip.contains(words).then_some(());
            *seen.lock().unwrap() = tooltip;
            says
        };
        // A load of a real model on two busy cores.
        let waits = until(words, SOON * 3, says);
        waits.await;
        eprintln!("tray: {:?}", seen.lock().unwrap());
    }

    /// The menu; separators are entries without words.
    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let menu = self.menu().await;
        let (_, (_, _, children)) = menu.get_layout(0, -1, &[]).await.unwrap();
        let entry = |child: OwnedValue| {
            let (id, properties, _) = Layout::try_from(child).ok()?;
            let text = |name: &str| properties.get(name)?.downcast_ref::<String>().ok();
            let flag = |name: &str| properties.get(name)?.downcast_ref::<bool>().ok();
            Some(Entry {
                id,
                // Two underscores are drawn as one.
                label: text("label").unwrap_or_default().replace("__", "_"),
                enabled: flag("enabled").unwrap_or(true),
            })
        };
        children.into_iter().filter_map(entry).collect()
    }

    /// Its words.
    pub(crate) async fn labels(&self) -> Vec<String> {
        let entries = self.entries().await.into_iter();
        entries.map(|entry| entry.label).collect()
    }

    /// Chooses an entry, once it is there and can be chosen.
    pub(crate) async fn clicks(&self, label: &str) {
        let entry = until(&format!("the entry {label:?}"), SOON, async || {
            let mut entries = self.entries().await.into_iter();
            entries.find(|entry| entry.label == label && entry.enabled)
        })
        .await;
        let menu = self.menu().await;
        let clicked = menu.event(entry.id, "clicked", &Value::I32(0), 0).await;
        // An app that is told to quit may be off the bus before its answer is.
        let gone = |error: &zbus::Error| match error {
            zbus::Error::MethodError(name, ..) => {
                name.as_str() == "org.freedesktop.DBus.Error.NoReply"
            }
            _ => false,
        };
        if let Err(error) = clicked {
            assert!(label == QUIT && gone(&error), "{label}: {error}");
        }
    }

    /// A click on the icon itself.
    pub(crate) async fn clicks_the_icon(&self) {
        self.proxy().await.activate(0, 0).await.unwrap();
    }

    /// Notifications so far: titles and bodies.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        self.told.lock().unwrap().clone()
    }
}
