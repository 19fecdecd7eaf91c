// From an error's code to what the window says and the one action that most likely helps.
//
// A row overrides the back end's words only where the window can say it better: the command line's hints name commands,
// the window's name places. A code without a row keeps the back end's words and offers the log.
import { m } from '../messages';
import type { Failure } from './app-error';

/** What a button beside an error does; `features/models/use-failure-action` carries them out. */
export type ErrorAction =
  | 'changeParameters'
  | 'chooseEngine'
  | 'changePort'
  | 'makeKey'
  | 'showRunning'
  | 'addFiles'
  | 'removeModel'
  | 'openFolders'
  | 'setToken'
  | 'hubSettings'
  | 'showLog'
  | 'tryAgain';

type Row = { says?: string; hint?: string; action: ErrorAction; field?: string };

const e = m.errors;

export const errorTable: Record<string, Row> = {
  // The engine ended, and said why.
  out_of_memory: { action: 'changeParameters', field: 'ctxSize' },
  engine_killed: { action: 'changeParameters', field: 'ctxSize' },
  unknown_flag: { action: 'changeParameters' },
  refused_value: { action: 'changeParameters' },
  unknown_architecture: { hint: e.hints.newerEngine, action: 'chooseEngine' },
  library_missing: { action: 'chooseEngine' },
  illegal_instruction: { action: 'chooseEngine' },
  engine_crashed: { action: 'chooseEngine' },
  engine_aborted: { action: 'showLog' },
  engine_failed: { action: 'showLog' },
  engine_terminated: { action: 'tryAgain' },
  guard_lost: { action: 'tryAgain' },
  engine_unresponsive: { action: 'tryAgain' },
  port_in_use: { action: 'tryAgain' },
  // The model's file.
  model_missing: { hint: e.hints.modelMissing, action: 'openFolders' },
  model_not_a_file: { action: 'removeModel' },
  model_not_gguf: { action: 'removeModel' },
  model_empty: { action: 'removeModel' },
  not_a_model: { action: 'removeModel' },
  model_truncated: { action: 'removeModel' },
  model_not_found: { hint: '', action: 'addFiles' },
  unreadable: { action: 'tryAgain' },
  model_running: { action: 'tryAgain' },
  belongs_to_another_app: { action: 'tryAgain' },
  folder_busy: { action: 'tryAgain' },
  folder_missing: { action: 'openFolders' },
  folder_not_moved: { action: 'openFolders' },
  in_models_folder: { hint: e.hints.inModelsFolder, action: 'openFolders' },
  // Nothing was started.
  no_engine: { says: e.noEngine, hint: e.hints.noEngine, action: 'chooseEngine' },
  engine_missing: { hint: e.hints.otherEngine, action: 'chooseEngine' },
  engine_not_a_file: { hint: e.hints.otherEngine, action: 'chooseEngine' },
  engine_not_executable: { hint: e.hints.otherEngine, action: 'chooseEngine' },
  engine_not_found: { hint: e.hints.otherEngine, action: 'chooseEngine' },
  not_an_engine: { hint: e.hints.notAnEngine, action: 'chooseEngine' },
  guard_missing: { action: 'tryAgain' },
  spawn_failed: { action: 'chooseEngine' },
  no_free_port: { action: 'tryAgain' },
  not_ready: { action: 'showLog' },
  // Parameters.
  invalid_parameter: { action: 'changeParameters' },
  unknown_parameter: { action: 'changeParameters' },
  unsupported_parameter: { action: 'changeParameters' },
  conflicting_parameters: { action: 'changeParameters' },
  invalid_flag_value: { action: 'changeParameters' },
  owned_flag: { action: 'changeParameters' },
  flag_given_twice: { action: 'changeParameters' },
  // The hub and downloads.
  hub_offline: { says: e.hubOffline, hint: e.hints.hubOffline, action: 'tryAgain' },
  hub_unauthorized: { action: 'setToken' },
  hub_token_refused: { action: 'setToken' },
  hub_gated: { action: 'setToken' },
  hub_not_found: { action: 'tryAgain' },
  hub_rate_limited: { action: 'tryAgain' },
  hub_invalid_endpoint: { action: 'hubSettings' },
  hub_not_a_hub: { action: 'hubSettings' },
  download_unauthorized: { action: 'setToken' },
  download_forbidden: { action: 'setToken' },
  disk_full: { action: 'tryAgain' },
  // Where engines come from.
  releases_offline: { says: e.releasesOffline, hint: e.hints.releasesOffline, action: 'tryAgain' },
  no_digest: { hint: e.hints.noDigest, action: 'tryAgain' },
  variant_not_found: { hint: e.hints.otherVariant, action: 'chooseEngine' },
  variant_unsuitable: { hint: e.hints.otherVariant, action: 'chooseEngine' },
  no_previous_engine: { hint: e.hints.otherEngine, action: 'chooseEngine' },
  engine_in_use: { action: 'chooseEngine' },
  install_busy: { action: 'tryAgain' },
  download_stalled: { action: 'tryAgain' },
  archive_broken: { action: 'tryAgain' },
  archive_refused: { action: 'chooseEngine' },
  releases_rate_limited: { action: 'tryAgain' },
  // Several models, and requests that wait.
  no_room: { action: 'showRunning' },
  queue_full: { action: 'tryAgain' },
  model_not_loaded: { action: 'tryAgain' },
  crash_loop: { action: 'showLog' },
  // Chats.
  chat_unreachable: { action: 'tryAgain' },
  chat_refused: { action: 'showLog' },
  chat_context_full: { action: 'changeParameters', field: 'ctxSize' },
  chat_no_vision: { action: 'tryAgain' },
  chat_broken: { action: 'tryAgain' },
  chat_not_found: { action: 'tryAgain' },
  chat_unreadable: { action: 'tryAgain' },
  chat_too_large: { action: 'tryAgain' },
  chat_not_saved: { action: 'tryAgain' },
  not_an_image: { action: 'tryAgain' },
  // Keys.
  key_exists: { hint: e.hints.keyExists, action: 'makeKey' },
  key_not_found: { hint: '', action: 'makeKey' },
  key_name: { action: 'makeKey' },
  needs_key: { hint: e.hints.needsKey, action: 'makeKey' },
  // The host.
  invalid_port: { action: 'changePort' },
  folder_unusable: { action: 'tryAgain' },
  settings_not_saved: { action: 'tryAgain' },
  shutting_down: { action: 'tryAgain' },
  unexpected: { says: e.unexpected, hint: e.hints.unexpected, action: 'tryAgain' },
};

/** Not failures: somebody asked for it. */
export const isCancelled = (failure: Failure) => failure.code === 'cancelled';

export type Described = { clause: string; hint: string; action: ErrorAction; field: string | null };

/** Words and action for a failure. The clause begins in lower case and has no full stop: it follows what failed. */
export function describeFailure(failure: Failure): Described {
  const row = errorTable[failure.code];
  return {
    clause: row?.says ?? asClause(failure.message),
    // Commands are of no use to somebody who has a window.
    hint: row?.hint ?? (failure.hint.includes('`paddock ') ? '' : failure.hint),
    action: row?.action ?? 'showLog',
    field: row?.field ?? null,
  };
}

/** `The file is gone.` becomes `the file is gone`; names and abbreviations keep their capitals. */
export function asClause(sentence: string): string {
  const bare = sentence
    .trim()
    // The window says what could not be loaded, by its name.
    .replace(/^could not load \S+: /, '')
    .replace(/\.$/, '')
    .replaceAll('`', '');
  return /^[A-Z][a-z]+ /.test(bare) ? bare.charAt(0).toLowerCase() + bare.slice(1) : bare;
}

/** `the file is gone` becomes `The file is gone.` */
export function asSentence(clause: string): string {
  const text = clause.trim();
  if (text === '') return '';
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:?]$/.test(capital) ? capital : `${capital}.`;
}
