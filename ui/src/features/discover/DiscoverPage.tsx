// The model hub: what was found on the left, the chosen repository on the right; where the window is narrow, one page
// after the other.
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconDiscover } from '../../components/icons';
import { discoverWords as words } from '../../messages/discover';
import { useWindow } from '../../state/window';
import shared from '../models/Models.module.css';
import { NARROW } from '../models/ModelsPage';
import { BACK_ID, RepoPane } from './RepoPane';
import { ResultList } from './ResultList';

export default function DiscoverPage() {
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches, { getInitialValueInEffect: false });
  const repo = useWindow(value => value.hubRepo);
  const pageOpen = useWindow(value => value.hubPageOpen);

  // Focus goes where the user went: to the page, or back to the row.
  const wasOpen = useRef(pageOpen);
  useEffect(() => {
    if (!narrow || wasOpen.current === pageOpen) return;
    wasOpen.current = pageOpen;
    document.getElementById(pageOpen ? BACK_ID : `hub:${repo}`)?.focus();
  }, [narrow, pageOpen, repo]);

  const showPane = !narrow || (pageOpen && repo !== null);
  return (
    <div className={shared.page} data-narrow={narrow || undefined}>
      {(!narrow || !showPane) && <ResultList chosen={repo} />}
      {showPane && (
        <section className={shared.pane} aria-label={repo ?? words.chooseTitle}>
          {repo ? (
            <RepoPane key={repo} id={repo} narrow={narrow} />
          ) : (
            <EmptyState icon={<IconDiscover size={28} stroke={1.3} />} title={words.chooseTitle}>
              {words.chooseBody}
            </EmptyState>
          )}
        </section>
      )}
    </div>
  );
}
