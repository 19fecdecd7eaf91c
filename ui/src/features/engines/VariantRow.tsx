// One variant of a build; its button becomes the progress of the installation.
import { Button, Text } from '@mantine/core';
import { IconCannot, IconCheck } from '../../components/icons';
import { bytes } from '../../format';
import type { EngineBuild, EngineJob, EngineVariant } from '../../ipc/bindings';
import { engineWords as words } from '../../messages/engines';
import { installEngine } from './actions';
import classes from './Engines.module.css';
import { InstallProgress } from './InstallProgress';

type Props = {
  build: EngineBuild;
  variant: EngineVariant;
  why: string;
  job: EngineJob | null;
  /** Another one is being installed. */
  blocked: boolean;
  /** Whether this list is where installing begins; without any engine it is the card above. */
  first: boolean;
};

export function VariantRow({ build, variant, why, job, blocked, first }: Props) {
  return (
    <article
      className={classes.variant}
      data-unusable={variant.works ? undefined : true}
      data-busy={job ? true : undefined}
      aria-label={variant.label}
    >
      <div style={{ minWidth: 0 }}>
        <div className={classes.variantName}>
          <Text span fw={variant.works ? 600 : 400} c={variant.works ? undefined : 'dimmed'}>
            {variant.label}
          </Text>
          {variant.recommended && <span className={classes.badge}>{words.recommended}</span>}
        </div>
        <Text size="xs" c="dimmed">
          {why}
        </Text>
      </div>
      {job ? (
        <InstallProgress job={job} />
      ) : (
        <>
          <Text span size="xs" c="dimmed" className={classes.size}>
            {variant.works && bytes(variant.sizeBytes)}
          </Text>
          <div className={classes.variantAction}>
            <Action {...{ build, variant, blocked, first }} />
          </div>
        </>
      )}
    </article>
  );
}

function Action({ build, variant, blocked, first }: Omit<Props, 'why' | 'job'>) {
  if (variant.installed) {
    return (
      <span className={classes.quiet}>
        <IconCheck size={14} color="var(--pd-accent)" aria-hidden />
        {words.isInstalled}
      </span>
    );
  }
  if (!variant.works) {
    return (
      <span className={classes.quiet}>
        <IconCannot size={14} aria-hidden />
        {words.notHere}
      </span>
    );
  }
  return (
    <Button
      size="xs"
      variant={variant.recommended && first ? 'filled' : 'default'}
      disabled={blocked}
      aria-label={words.installName(variant.label, build.tag)}
      onClick={() => void installEngine(build.tag, variant.id)}
    >
      {words.install}
    </Button>
  );
}
