import { LogView } from '../../components/LogView';
import type { Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { useModelLog } from '../../state/log';
import type { ModelStatus } from '../../state/status';
import classes from './Models.module.css';

export function LogTab({ model, status }: { model: Model; status: ModelStatus }) {
  const log = useModelLog(model.key, status.server?.startedAt ?? null);
  return (
    <div className={classes.fill}>
      <LogView log={log} label={m.log.label(model.name)} name={model.name} />
    </div>
  );
}
