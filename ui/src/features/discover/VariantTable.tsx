// The variants of a repository: how good, how large, whether they fit, and the way to have them.
import { Text, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { FitMark } from '../../components/FitMark';
import { Tag } from '../../components/Tag';
import { bytes } from '../../format';
import type { HubRepo, HubVariant } from '../../ipc/bindings';
import { discoverWords } from '../../messages/discover';
import { patchWindow, useWindow } from '../../state/window';
import classes from './Discover.module.css';
import { VariantAction } from './VariantAction';
import { inOrder, isMeant } from './view';

const words = discoverWords.repo;

export function VariantTable({ repo }: { repo: HubRepo }) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">{words.columns.variant}</th>
          <th scope="col" className={classes.number}>
            {words.columns.size}
          </th>
          <th scope="col">{words.columns.fit}</th>
          <th scope="col" className={classes.action}>
            <VisuallyHidden>{words.columns.action}</VisuallyHidden>
          </th>
        </tr>
      </thead>
      <tbody>
        {inOrder(repo).map(variant => (
          <Row key={variant.name} repo={repo} variant={variant} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ repo, variant }: { repo: HubRepo; variant: HubVariant }) {
  const row = useRef<HTMLTableRowElement>(null);
  const meant = useWindow(value => isMeant(variant, value.target, repo.namedVariant));
  useEffect(() => {
    if (!meant) return;
    row.current?.scrollIntoView({ block: 'nearest' });
    row.current?.querySelector('button')?.focus({ preventScroll: true });
    patchWindow({ target: null });
  }, [meant]);
  const shards = variant.files.length - (variant.projector ? 1 : 0);
  const why = variant.recommended ? variant.why : null;
  return (
    <>
      <tr ref={row} data-recommended={variant.recommended || undefined} data-open={why !== null || undefined}>
        <th scope="row">
          <div className={classes.variantName}>
            <span>{variant.name}</span>
            {variant.recommended && <span className={classes.badge}>{words.recommended}</span>}
            {shards > 1 && <Tag>{words.files(shards)}</Tag>}
          </div>
          <Text size="xs" c="dimmed">
            {variant.qualityWords}
          </Text>
        </th>
        <td className={classes.number}>
          <div>{bytes(variant.sizeBytes)}</div>
          {variant.bitsPerWeight !== null && (
            <Text size="xs" c="dimmed">
              {words.bits(variant.bitsPerWeight.toFixed(1))}
            </Text>
          )}
        </td>
        <td>
          <FitMark fit={variant.fit} words={words.fit} />
          <Text size="xs" c="dimmed">
            {variant.fitSentence}
          </Text>
        </td>
        <td className={classes.action}>
          <VariantAction repo={repo} variant={variant} />
        </td>
      </tr>
      {why && (
        <tr data-recommended>
          <td colSpan={4} className={classes.why}>
            <Text size="xs">{why}</Text>
          </td>
        </tr>
      )}
    </>
  );
}
