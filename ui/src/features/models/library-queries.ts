// What is asked of the library beyond its list, and the dialog that offers other apps' models.
import { useQuery } from '@tanstack/react-query';
import { client } from '../../ipc/client';
import { onLibraryChanged } from '../../ipc/events';
import { queryClient } from '../../state/queries';
import { createStore, useStore } from '../../state/store';

const ROOT = 'library';
const keys = {
  all: [ROOT] as const,
  found: [ROOT, 'found'] as const,
  folders: [ROOT, 'folders'] as const,
  details: (key: string) => [ROOT, 'details', key] as const,
  move: ['folder-move'] as const,
};

onLibraryChanged(() => void queryClient.invalidateQueries({ queryKey: keys.all }));

/** Asked anew each time the dialog opens: other apps do not tell. */
export const useFound = () =>
  useQuery({ queryKey: keys.found, queryFn: client.foundElsewhere, staleTime: 0, gcTime: 0 });

export const useFolders = () => useQuery({ queryKey: keys.folders, queryFn: client.libraryFolders });

export const useDetails = (key: string) =>
  useQuery({ queryKey: keys.details(key), queryFn: () => client.modelDetails(key) });

const MOVE_MILLISECONDS = 500;

/** How far a move is, whoever began it: asked once, and again and again while one goes on or this place waits for one. */
export const useFolderMove = (waiting: boolean) =>
  useQuery({
    queryKey: keys.move,
    queryFn: client.folderMove,
    staleTime: 0,
    refetchInterval: query => (waiting || query.state.data?.running ? MOVE_MILLISECONDS : false),
  });

export const refreshLibrary = () => queryClient.invalidateQueries({ queryKey: keys.all });

const foundDialog = createStore({ open: false });
export const offerFound = (open: boolean) => foundDialog.set(() => ({ open }));
export const useFoundOffered = () => useStore(foundDialog, value => value.open);
