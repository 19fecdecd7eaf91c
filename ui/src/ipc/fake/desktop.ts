// The fake's tray, start and notifications. The desktop shows trays.
import type { DesktopChange, DesktopView } from '../bindings';

type Args = Record<string, unknown>;

export class FakeDesktop {
  private settings: DesktopView = {
    tray: true,
    trayShown: true,
    closeToTray: false,
    startHidden: false,
    notifications: true,
    startAtLogin: false,
  };

  readonly commands = {
    desktopSettings: () => this.settings,
    setDesktopSettings: ({ change }: Args) => {
      const given = Object.entries(change as DesktopChange).filter(([, value]) => typeof value === 'boolean');
      this.settings = { ...this.settings, ...Object.fromEntries(given) };
      this.settings.trayShown = this.settings.tray;
      return this.settings;
    },
  };
}
