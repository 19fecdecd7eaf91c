// The engine that runs this model: the current one, or one that it is set to.
import { Select, Text } from '@mantine/core';
import { useId } from 'react';
import type { EngineRow, Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { optionWords as words } from '../../messages/options';
import { setModelEngine } from '../../state/actions';
import { useEngines } from '../engines/queries';
import classes from './Form.module.css';

/** No engine has this name: a name is a folder's. */
const CURRENT = '/current';

export function EngineChoice({ model, focused }: { model: Model; focused: boolean }) {
  const id = useId();
  const { engines } = useEngines();
  const current = engines.find(engine => engine.current);
  const named = engines.map(engine => ({
    value: engine.name,
    label: labelOf(engine),
    disabled: !engine.present,
  }));
  // One that is not in the list must not look like the current one.
  if (model.engine !== null && !engines.some(engine => engine.name === model.engine)) {
    named.push({ value: model.engine, label: words.engineMissing(model.engine), disabled: true });
  }
  return (
    <div className={classes.field} data-field="engine">
      <label htmlFor={id} className={classes.label}>
        {words.engine}
      </label>
      <div className={classes.control}>
        <Select
          id={id}
          w={240}
          aria-describedby={`${id}help`}
          allowDeselect={false}
          value={model.engine ?? CURRENT}
          onChange={name => name !== null && void setModelEngine(model, name === CURRENT ? null : name)}
          data={[
            {
              value: CURRENT,
              label: current ? words.engineCurrent(current.name) : words.engineCurrentNone,
            },
            ...named,
          ]}
        />
      </div>
      <div className={classes.meta}>
        {model.engine !== null && <span className={classes.chip}>{m.form.sources.saved}</span>}
      </div>
      <div className={classes.below}>
        <Text id={`${id}help`} size="xs" c="dimmed" lh="17px" hidden={!focused}>
          {model.engine === null ? words.engineHelpCurrent : words.engineHelpPinned(model.engine)}{' '}
          {words.engineWhen}
        </Text>
      </div>
    </div>
  );
}

function labelOf(engine: EngineRow): string {
  if (!engine.present) return words.engineMissing(engine.name);
  return engine.state === 'failed' ? words.engineFailed(engine.name) : engine.name;
}
