/** The fleet's dashboard, as Cloud Monitoring's API takes it (projects.dashboards, mosaic layout). Pure. */
import type { Fleet } from '../../configs/fleet.ts';
import { LABEL } from '../../configs/naming.ts';
import {
  calls,
  daysUp,
  oneWayCalls,
  packetLoss,
  packetRate,
  portsInUse,
  processors,
  refusals,
} from './metrics.ts';

type Chart = { readonly title: string; readonly query: string };

/** Two charts in a row, of a grid that is 48 wide. */
const WIDTH = 24;
const HEIGHT = 16;

function charts({ name }: Readonly<Fleet>): readonly Chart[] {
  return [
    { title: 'Calls', query: calls(name) },
    { title: 'Refused calls per second (cordoned or full)', query: refusals(name) },
    { title: 'Media ports in use, percent', query: portsInUse(name) },
    { title: 'Packets per second', query: packetRate(name) },
    { title: 'RTP packets that did not arrive, percent', query: packetLoss(name) },
    { title: 'Calls with media in one direction only, per second', query: oneWayCalls(name) },
    { title: 'Processors in use, percent', query: processors(name) },
    { title: 'Days since the relay was made', query: daysUp(name) },
  ];
}

/** JSON text. */
export function dashboardOf(fleet: Readonly<Fleet>): string {
  const tiles = charts(fleet).map(({ title, query }, index) => ({
    xPos: (index % 2) * WIDTH,
    yPos: Math.floor(index / 2) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    widget: {
      title,
      xyChart: { dataSets: [{ timeSeriesQuery: { prometheusQuery: query }, plotType: 'LINE' }] },
    },
  }));
  return JSON.stringify({
    displayName: `rtpfleet ${fleet.name}`,
    labels: { [LABEL.fleet]: fleet.name },
    mosaicLayout: { columns: 2 * WIDTH, tiles },
  });
}
