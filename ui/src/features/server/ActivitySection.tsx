// How much goes through the endpoint: two small charts of the last minutes, and sums.
import { Text } from '@mantine/core';
import { LineChart, type Point } from '../../components/LineChart';
import { Section } from '../../components/Section';
import { useNow } from '../../components/use-age';
import { grouped, milliseconds, rateOfTokens, short } from '../../format';
import { m } from '../../messages';
import { serverWords as words } from '../../messages/server';
import { SPAN_MILLISECONDS, useTraffic } from '../../state/traffic';
import classes from './Server.module.css';

/** A chart of nearly nothing should look like it. */
const LEAST_REQUESTS = 4;
const LEAST_TOKENS = 10;

export function ActivitySection() {
  const { stats, samples } = useTraffic();
  const moving = samples.some(sample => sample.requests > 0 || sample.tokensPerSecond > 0);
  // A line that shows nothing but zero stays where it is.
  const tick = useNow(moving ? 1000 : null);
  const now = Math.max(tick, samples.at(-1)?.at ?? 0);
  const total = stats?.total;
  const { inFlight = 0, waiting = 0 } = total ?? {};
  return (
    <Section
      title={words.activity}
      action={
        <Text size="xs" c="dimmed">
          {words.lastMinutes(SPAN_MILLISECONDS / 60_000)}
        </Text>
      }
    >
      <div className={classes.charts}>
        <Chart
          title={words.requests}
          value={words.requestsNow(grouped(inFlight - waiting), waiting > 0 ? grouped(waiting) : null)}
          points={samples.map(({ at, requests }) => ({ at, value: requests }))}
          now={now}
          least={LEAST_REQUESTS}
          format={grouped}
        />
        <Chart
          title={words.tokens}
          value={rateOfTokens(total?.tokensPerSecond ?? 0)}
          points={samples.map(({ at, tokensPerSecond: value }) => ({ at, value }))}
          now={now}
          least={LEAST_TOKENS}
          format={rateOfTokens}
        />
      </div>
      {total && total.requests > 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          {words.soFar(grouped(total.requests), short(total.promptTokens), short(total.completionTokens))}
          {total.failed > 0 && `${m.separator}${words.failed(grouped(total.failed))}`}
          {total.firstTokenMilliseconds !== null &&
            `${m.separator}${words.firstToken(milliseconds(total.firstTokenMilliseconds))}`}
        </Text>
      )}
    </Section>
  );
}

type ChartProps = {
  title: string;
  value: string;
  points: Point[];
  now: number;
  least: number;
  format: (value: number) => string;
};

function Chart({ title, value, points, now, least, format }: ChartProps) {
  const seen = points.filter(point => now - point.at <= SPAN_MILLISECONDS).map(point => point.value);
  const most = Math.max(0, ...seen);
  return (
    <div className={classes.chart}>
      <div className={classes.chartHead}>
        <Text span c="dimmed" truncate>
          {title}
        </Text>
        <Text span fw={600}>
          {value}
        </Text>
      </div>
      <LineChart
        points={points}
        now={now}
        span={SPAN_MILLISECONDS}
        top={Math.max(least, most)}
        label={words.overTime(title, value, format(most))}
      />
      <Text size="xs" c="dimmed" className={classes.chartMost} aria-hidden>
        {most > 0 ? words.most(format(most)) : ''}
      </Text>
    </div>
  );
}
