// A small chart of one value over the last minutes. What it says is in the words beside it; for a screen reader it is
// one image with those words.
import classes from './LineChart.module.css';

export type Point = { at: number; value: number };

const WIDTH = 300;
const HEIGHT = 48;

type Props = { points: readonly Point[]; now: number; span: number; top: number; label: string };

export function LineChart({ points, now, span, top, label }: Props) {
  const line = linePath(points, { now, span, top, width: WIDTH, height: HEIGHT });
  return (
    <svg
      className={classes.chart}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line className={classes.base} x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      {line && (
        <>
          <path className={classes.area} d={`${line}V${HEIGHT}H0Z`} />
          <path className={classes.line} d={line} />
        </>
      )}
    </svg>
  );
}

/** The line from the left edge to now. Before the first point there was nothing, after the last one it stays. */
export function linePath(
  points: readonly Point[],
  {
    now,
    span,
    top,
    width,
    height,
  }: { now: number; span: number; top: number; width: number; height: number },
): string {
  if (points.length === 0) return '';
  const x = (at: number) => Math.min(width, Math.max(0, (1 - (now - at) / span) * width));
  // Room for the line's own width above and below.
  const y = (value: number) => height - 1 - (Math.min(value, top) / top) * (height - 3);
  const pair = (at: number, value: number) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  const first = points[0] as Point;
  const last = points.at(-1) as Point;
  return [`M0 ${y(first.at <= now - span ? first.value : 0).toFixed(1)}`]
    .concat(first.at > now - span ? [`L${pair(first.at, 0)}`] : [])
    .concat(points.map(point => `L${pair(point.at, point.value)}`))
    .concat(`L${pair(now, last.value)}`)
    .join('');
}
