// Everything by its name: places, models, and what can be done. Ctrl+K.
import '@mantine/spotlight/styles.css';
import { createSpotlight, Spotlight, type SpotlightActionGroupData, useSpotlight } from '@mantine/spotlight';
import { useEffect, useState } from 'react';
import { copyText } from '../../components/clipboard';
import {
  IconAddFile,
  IconChat,
  IconCopy,
  IconDownload,
  IconFolder,
  IconFound,
  IconModels,
  IconReport,
  IconResume,
  IconSearch,
  IconStop,
  IconTheme,
} from '../../components/icons';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { paletteWords as words } from '../../messages/palette';
import { attempt, loadModel, pickFiles, stopModel } from '../../state/actions';
import { useSnapshot } from '../../state/live';
import { useModels } from '../../state/queries';
import { isOn, useActiveStatuses } from '../../state/status';
import { chooseTheme, THEMES } from '../../state/theme';
import { openModel, openTab, patchWindow, TABS, useWindow } from '../../state/window';
import { newChatWith } from '../chat/chat-actions';
import { BOX_ID } from '../chat/ids';
import { beginFirstRun } from '../first-run/first-run-state';
import { offerFound } from '../models/library-queries';
import { icons } from '../shell/tab-icons';
import { focusSearch, keyNames } from '../shell/use-shortcuts';
import { baseUrl } from '../status-bar/EndpointPill';
import classes from './CommandPalette.module.css';

const icon = { size: 16, stroke: 1.6 } as const;

const [store, spotlight] = createSpotlight();

export default function CommandPalette() {
  const asked = useWindow(value => value.paletteAsked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: opens each time it is asked for
  useEffect(() => spotlight.open(), [asked]);
  const groups = [usePlaces(), useModelCommands(), useActions()].map(asOptions);
  const { listId } = useSpotlight(store);
  const selected = useSelected(listId);
  return (
    <Spotlight
      store={store}
      actions={groups}
      // The window's own shortcuts open it.
      shortcut={null}
      nothingFound={words.nothing}
      highlightQuery
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 0 }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.4 }}
      attributes={{
        content: { 'aria-label': words.label },
        actionsList: { role: 'listbox', 'aria-label': words.label },
      }}
      searchProps={{
        placeholder: words.search,
        'aria-label': words.search,
        role: 'combobox',
        'aria-expanded': true,
        'aria-controls': listId,
        'aria-activedescendant': selected,
        leftSection: <IconSearch size={17} stroke={1.6} aria-hidden />,
      }}
      classNames={{ action: classes.action, actionsGroup: classes.group, search: classes.search }}
    />
  );
}

/** The focus stays in the search; a screen reader is told which action Enter would run. */
const asOptions = (group: SpotlightActionGroupData): SpotlightActionGroupData => ({
  ...group,
  actions: group.actions.map(action => ({ ...action, role: 'option' })),
});

/** The id of the action that the library has marked, which it does in the document alone. */
function useSelected(listId: string): string | undefined {
  const [selected, setSelected] = useState<string>();
  useEffect(() => {
    const list = listId && document.getElementById(listId);
    if (!list) return;
    const look = () => {
      const options = [...list.querySelectorAll('[role="option"]')];
      for (const [index, option] of options.entries()) {
        option.id = `${listId}-${index}`;
        option.setAttribute('aria-selected', String(option.hasAttribute('data-selected')));
      }
      setSelected(options.find(option => option.hasAttribute('data-selected'))?.id);
    };
    const observer = new MutationObserver(look);
    observer.observe(list, { subtree: true, childList: true, attributeFilter: ['data-selected'] });
    look();
    return () => observer.disconnect();
  }, [listId]);
  return selected;
}

function usePlaces(): SpotlightActionGroupData {
  return {
    group: words.places,
    actions: TABS.map((tab, index) => {
      const Icon = icons[tab];
      return {
        id: `tab-${tab}`,
        label: m.nav[tab],
        leftSection: <Icon {...icon} aria-hidden />,
        rightSection: <kbd>{keyNames(String(index + 1))}</kbd>,
        onClick: () => openTab(tab),
      };
    }),
  };
}

function useModelCommands(): SpotlightActionGroupData {
  const { models } = useModels();
  const active = useActiveStatuses();
  return {
    group: words.models,
    actions: models.flatMap(model => {
      const { key, name, present, problem } = model;
      const on = active.some(one => one.key === key && isOn(one.state));
      const what = [name, model.quantization].filter(Boolean).join(m.separator);
      const show = {
        id: `show-${key}`,
        label: words.show(what),
        keywords: [key],
        leftSection: <IconModels {...icon} aria-hidden />,
        onClick: () => openModel(key, 'parameters'),
      };
      if (on) {
        return [
          {
            id: `stop-${key}`,
            label: m.models.stopName(what),
            keywords: [key],
            leftSection: <IconStop {...icon} aria-hidden />,
            onClick: () => void stopModel(key, name),
          },
          show,
        ];
      }
      if (!present || problem) return [show];
      return [
        {
          id: `load-${key}`,
          label: m.models.loadName(what),
          keywords: [key],
          leftSection: <IconResume {...icon} aria-hidden />,
          onClick: () => void loadModel(key),
        },
        show,
      ];
    }),
  };
}

function useActions(): SpotlightActionGroupData {
  const snapshot = useSnapshot();
  const active = useActiveStatuses().filter(status => isOn(status.state));
  const { models } = useModels();
  const chosen = useWindow(value => value.modelKey);
  const nameOf = (key: string) => models.find(model => model.key === key)?.name ?? key;
  const actions = [
    {
      id: 'chat',
      label: words.newChat,
      leftSection: <IconChat {...icon} aria-hidden />,
      onClick: () => {
        newChatWith(chosen);
        openTab('chat');
        requestAnimationFrame(() => document.getElementById(BOX_ID)?.focus());
      },
    },
    {
      id: 'copy-endpoint',
      label: words.copyEndpoint,
      leftSection: <IconCopy {...icon} aria-hidden />,
      onClick: () => snapshot && void copyText(baseUrl(snapshot.endpoint)),
    },
    {
      id: 'search',
      label: words.searchModels,
      leftSection: <IconSearch {...icon} aria-hidden />,
      rightSection: <kbd>{keyNames('F')}</kbd>,
      onClick: () => {
        openTab('models');
        focusSearch();
      },
    },
    {
      id: 'downloads',
      label: words.downloads,
      leftSection: <IconDownload {...icon} aria-hidden />,
      rightSection: <kbd>{keyNames('J')}</kbd>,
      onClick: () => patchWindow({ downloadsOpen: true }),
    },
    {
      id: 'add-files',
      label: words.addFiles,
      leftSection: <IconAddFile {...icon} aria-hidden />,
      onClick: () => void pickFiles(),
    },
    {
      id: 'found',
      label: words.found,
      leftSection: <IconFound {...icon} aria-hidden />,
      onClick: () => {
        openTab('models');
        offerFound(true);
      },
    },
    ...THEMES.map(theme => ({
      id: `theme-${theme}`,
      label: words.theme(m.settings.themes[theme]),
      leftSection: <IconTheme {...icon} aria-hidden />,
      onClick: () => void chooseTheme(theme),
    })),
    {
      id: 'report',
      label: words.report,
      leftSection: <IconReport {...icon} aria-hidden />,
      onClick: () => patchWindow({ reporting: true }),
    },
    {
      id: 'data-folder',
      label: words.dataFolder,
      leftSection: <IconFolder {...icon} aria-hidden />,
      onClick: () => void attempt(m.doing.openDataFolder, client.openDataFolder),
    },
    {
      id: 'first-run',
      label: words.firstRun,
      leftSection: <IconResume {...icon} aria-hidden />,
      onClick: beginFirstRun,
    },
  ];
  if (active.length > 0) {
    actions.unshift({
      id: 'stop-all',
      label: words.stopAll,
      leftSection: <IconStop {...icon} aria-hidden />,
      onClick: () => {
        for (const { key } of active) void stopModel(key, nameOf(key));
      },
    });
  }
  return { group: words.actions, actions };
}
