// Words for tray, start and notifications.
export const desktopWords = {
  title: 'Desktop',
  doing: 'change how Paddock behaves on the desktop',
  noTray: 'This desktop shows no tray icons now, so closing the window ends Paddock.',
  labels: {
    tray: 'Tray icon',
    closeToTray: 'Close to tray',
    startAtLogin: 'Start at login',
    startHidden: 'Start without window',
    notifications: 'Notifications',
  },
  help: {
    tray: 'Shows what is running, and starts and stops models from its menu.',
    closeToTray:
      'Closing the window leaves models running while there is a tray icon. Quit is in the icon’s menu.',
    startAtLogin: 'Kept by the system: turning it off there turns it off here.',
    startHidden: 'Paddock starts in the tray, or minimised where there is none.',
    notifications:
      'Tells you when a model is loaded, a download is done or something failed while you look elsewhere.',
  },
};
