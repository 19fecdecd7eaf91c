// The list on the left, the chosen model on the right; where the window is narrow, one page after the other.
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconModels } from '../../components/icons';
import { m } from '../../messages';
import { useModels } from '../../state/queries';
import { useActiveStatuses } from '../../state/status';
import { chooseModel, useWindow } from '../../state/window';
import { FoundDialog } from './FoundDialog';
import { ModelList } from './ModelList';
import { BACK_ID, ModelPane } from './ModelPane';
import classes from './Models.module.css';

export const NARROW = '(max-width: 979px)';

export function ModelsPage() {
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches, { getInitialValueInEffect: false });
  const { models, isPending, isSuccess } = useModels();
  const active = useActiveStatuses();
  const chosenKey = useWindow(value => value.modelKey);
  const pageOpen = useWindow(value => value.pageOpen);
  const chosen = models.find(model => model.key === chosenKey) ?? null;

  // Somebody who opens the window most likely wants the model that runs, else the first.
  const first = active.find(status => models.some(model => model.key === status.key))?.key ?? models[0]?.key;
  useEffect(() => {
    if (isSuccess && !chosen && first) chooseModel(first, false);
  }, [isSuccess, chosen, first]);

  // Focus goes where the user went: to the page, or back to the row.
  const wasOpen = useRef(pageOpen);
  useEffect(() => {
    if (!narrow || wasOpen.current === pageOpen) return;
    wasOpen.current = pageOpen;
    document.getElementById(pageOpen ? BACK_ID : `row:${chosenKey}`)?.focus();
  }, [narrow, pageOpen, chosenKey]);

  const showPane = !narrow || (pageOpen && chosen !== null);
  const showList = !narrow || !showPane;
  return (
    <div className={classes.page} data-narrow={narrow || undefined}>
      {showList && <ModelList chosen={chosen?.key ?? null} />}
      {showPane && (models.length > 0 || isPending) && (
        <section className={classes.pane} aria-label={chosen?.name ?? m.models.chooseTitle}>
          {chosen ? (
            <ModelPane key={chosen.key} model={chosen} narrow={narrow} />
          ) : isPending ? null : (
            <EmptyState icon={<IconModels size={28} stroke={1.3} />} title={m.models.chooseTitle}>
              {m.models.chooseBody}
            </EmptyState>
          )}
        </section>
      )}
      <FoundDialog />
    </div>
  );
}
