//! The desktop shell: wires Paddock's core to a window. Commands are in `commands/`, about ten lines each; what they
//! do is `paddock-core`'s. Nothing below this package knows Tauri.

mod app_image;
mod app_state;
mod command_line;
mod commands;
mod deep_link;
mod display;
mod download_events;
mod event_bridge;
mod ipc_convert;
pub mod ipc_error;
pub mod ipc_types;
mod login;
mod notifications;
mod opened_files;
#[cfg(test)]
mod page_policy_tests;
mod plugin_store;
mod shutdown;
mod start_up;
mod tray;
mod web_view;
mod window;

use std::io::IsTerminal;

use tauri::{Manager, RunEvent, WindowEvent};

/// Commands and events as the page sees them. The bindings in `ui/src/ipc/bindings.ts` are made from it.
pub fn api<R: tauri::Runtime>() -> tauri_specta::Builder<R> {
    tauri_specta::Builder::<R>::new()
        .commands(tauri_specta::collect_commands![
            commands::start_up::start_up::<tauri::Wry>,
            commands::start_up::take_over::<tauri::Wry>,
            commands::start_up::quit::<tauri::Wry>,
            commands::server::snapshot,
            commands::server::load_model,
            commands::server::unload_model,
            commands::server::model_log,
            commands::server::set_model_policy,
            commands::server::add_alias,
            commands::server::remove_alias,
            commands::gateway::set_endpoint,
            commands::gateway::set_limits,
            commands::gateway::list_refusals,
            commands::gateway::allow_refused,
            commands::gateway::gateway_stats,
            commands::keys::list_keys,
            commands::keys::add_key,
            commands::keys::remove_key,
            commands::models::list_models,
            commands::models::import_models,
            commands::models::pick_model_files::<tauri::Wry>,
            commands::library::found_elsewhere,
            commands::library::import_found,
            commands::library::model_details,
            commands::library::check_for_newer,
            commands::library::remove_model,
            commands::library::library_folders,
            commands::library::move_models_folder::<tauri::Wry>,
            commands::library::folder_move,
            commands::library::cancel_folder_move,
            commands::models::load_form,
            commands::models::preview_load,
            commands::models::save_params,
            commands::params::list_presets,
            commands::params::save_preset,
            commands::params::remove_preset,
            commands::params::use_preset,
            commands::params::model_defaults,
            commands::params::save_model_defaults,
            commands::params::paste_command_line,
            commands::params::copy_command_line,
            commands::params::estimate_memory,
            commands::params::fit_params,
            commands::engines::pick_engine::<tauri::Wry>,
            commands::engines::use_engine,
            commands::engines::list_engines,
            commands::engines::engine_details,
            commands::engines::prove_engine,
            commands::engines::available_engines,
            commands::engines::install_engine,
            commands::engines::cancel_engine_install,
            commands::engines::remove_engine,
            commands::engines::roll_back_engine,
            commands::engines::dismiss_announcement,
            commands::engines::engine_options,
            commands::engines::pin_model,
            commands::engines::set_engine_updates,
            commands::hub::search_hub,
            commands::hub::hub_repo,
            commands::hub::set_hub_token,
            commands::hub::set_hub_endpoint,
            commands::hub::set_download_limits,
            commands::hub::opened_link,
            commands::models::opened_files,
            commands::downloads::download_model,
            commands::downloads::list_downloads,
            commands::downloads::pause_download,
            commands::downloads::resume_download,
            commands::downloads::cancel_download,
            commands::downloads::dismiss_download,
            commands::command_line::command_line_status,
            commands::command_line::install_command_line,
            commands::command_line::remove_command_line,
            commands::first_run::machine_sentence,
            commands::first_run::recommend_models,
            commands::first_run::finish_first_run,
            commands::report::report,
            commands::report::save_text::<tauri::Wry>,
            commands::chat::list_chats,
            commands::chat::get_chat,
            commands::chat::save_chat,
            commands::chat::rename_chat,
            commands::chat::delete_chat,
            commands::chat::export_chat::<tauri::Wry>,
            commands::chat::chat_model,
            commands::chat::start_chat,
            commands::chat::stop_chat,
            commands::chat::open_link::<tauri::Wry>,
            commands::chat::read_image,
            commands::settings::get_settings,
            commands::settings::set_theme,
            commands::settings::add_model_folder::<tauri::Wry>,
            commands::settings::remove_model_folder,
            commands::settings::open_data_folder::<tauri::Wry>,
            commands::desktop::desktop_settings::<tauri::Wry>,
            commands::desktop::set_desktop_settings::<tauri::Wry>,
        ])
        .events(tauri_specta::collect_events![
            ipc_types::SnapshotChanged,
            ipc_types::LogLine,
            ipc_types::LibraryChanged,
            ipc_types::OpenFiles,
            ipc_types::downloads::DownloadsChanged,
            ipc_types::hub::OpenHub,
            ipc_types::serving::GatewayChanged,
        ])
        .dangerously_cast_bigints_to_number()
        // An absent member and null are the same to us, both ways.
        .disable_serde_phases()
}

/// Runs the app until its window is closed; then every model is ended.
pub fn run() {
    web_view::draw_on_the_processor();
    let filter = tracing_subscriber::EnvFilter::try_from_env("PADDOCK_LOG")
        .unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    if start_up::showed_the_other_window() {
        return;
    }
    if let Err(reason) = display::open() {
        eprintln!("error: {reason}");
        std::process::exit(1);
    }
    let api = api::<tauri::Wry>();
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_shell::init())
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(window::keeps_its_place())
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                window::on_close(window.app_handle(), api);
            }
        })
        .invoke_handler(api.invoke_handler())
        .setup(move |app| {
            api.mount_events(app);
            app.manage(app_state::AppState::default());
            app.manage(tray::Tray::default());
            app.manage(tray::Clipboard::default());
            app.manage(commands::chat::Answers::default());
            let handle = app.handle().clone();
            #[cfg(not(target_os = "linux"))]
            tray::listen(&handle);
            window::first(&handle);
            start_up::begin(&handle);
            deep_link::listen(&handle);
            shutdown::on_signals(handle);
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|app, event| match event {
            RunEvent::Exit => shutdown::end(app),
            // A click on the icon in the dock.
            #[cfg(target_os = "macos")]
            RunEvent::Reopen { .. } => window::show(app),
            _ => {}
        }),
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            std::process::exit(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use specta_typescript::Typescript;

    const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/ipc/bindings.ts");

    /// The page's bindings are those of this very code. `PADDOCK_WRITE_BINDINGS=1` writes them.
    #[test]
    fn the_pages_bindings_are_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        let language = Typescript::default().header("/* eslint-disable */\n// @ts-nocheck\n");
        super::api::<tauri::Wry>().export(language, &fresh).unwrap();
        let fresh = std::fs::read_to_string(fresh).unwrap();
        if std::env::var_os("PADDOCK_WRITE_BINDINGS").is_some() {
            std::fs::write(BINDINGS, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(BINDINGS).unwrap_or_default();
        assert!(
            kept == fresh,
            "ui/src/ipc/bindings.ts is out of date; run `PADDOCK_WRITE_BINDINGS=1 cargo test -p paddock-desktop bindings`"
        );
    }
}
