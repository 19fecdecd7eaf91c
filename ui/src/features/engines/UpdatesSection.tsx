// What Paddock may do about engines by itself.
import { Switch } from '@mantine/core';
import { Rows, Section } from '../../components/Section';
import { engineWords } from '../../messages/engines';
import { useSettings } from '../../state/queries';
import { setEngineUpdates } from './actions';
import classes from './Engines.module.css';

const words = engineWords.updates;

export function UpdatesSection() {
  const { data } = useSettings();
  if (!data) return null;
  const { autoUpdateEngines: auto, fetchMissingEngine: fetch } = data;
  return (
    <Section title={words.title} body={words.body}>
      <Rows>
        <div className={classes.switch}>
          <Switch
            label={words.auto}
            description={words.autoHelp}
            checked={auto}
            onChange={event => void setEngineUpdates(event.currentTarget.checked, fetch)}
          />
        </div>
        <div className={classes.switch}>
          <Switch
            label={words.fetch}
            description={words.fetchHelp}
            checked={fetch}
            onChange={event => void setEngineUpdates(auto, event.currentTarget.checked)}
          />
        </div>
      </Rows>
    </Section>
  );
}
