/** The page's style: one column, the reader's own light or dark, print too. No font or picture from elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#1b2230;--soft:#5d6778;--line:#e2e6ec;--grid:#eceff3;
--good:#1d7f4e;--goodback:#e5f5ec;--bad:#b3261e;--badback:#fdeceb;
--stale:#8694b2;--draining:#e39b23;--empty:#c3c9d4;--replacing:#8f5fd0;--joining:#2f9db0;--serving:#2a9a60;--parked:#a77b5b;
--calls:#3367c8;--fill:#3367c826;--total:#1b2230;--totalfill:#1b223014}
@media (prefers-color-scheme:dark){:root{--page:#10141b;--card:#181e28;--ink:#e6eaf1;--soft:#97a2b4;--line:#2a3240;--grid:#222a36;
--good:#5fcf95;--goodback:#12301f;--bad:#ff8a80;--badback:#3a1715;
--stale:#6d7b9a;--draining:#d9942a;--empty:#566074;--replacing:#9a70d8;--joining:#36a3b5;--serving:#2f9f66;--parked:#a77b5b;
--calls:#7aa5f5;--fill:#7aa5f52e;--total:#e6eaf1;--totalfill:#e6eaf11c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1160px;margin:0 auto;padding:32px 24px 48px}
header p{margin:0;color:var(--soft)}
h1{font-size:27px;line-height:1.25;margin:2px 0 4px;letter-spacing:-.01em}
h2{font-size:17px;margin:0 0 14px}dl+h2{margin-top:24px}
section,.verdict{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 22px;margin-top:18px}
.verdict{display:flex;gap:16px;align-items:center}
.verdict svg{width:44px;height:44px;flex:none}
.verdict strong{display:block;font-size:20px;line-height:1.3}
.verdict span{color:var(--soft)}
.verdict ul{margin:6px 0 0;padding-left:20px}
.good{background:var(--goodback);border-color:transparent}.good strong{color:var(--good)}.good svg{color:var(--good)}
.bad{background:var(--badback);border-color:transparent}.bad strong{color:var(--bad)}.bad svg{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(145px,1fr));gap:12px;margin:18px 0 0;padding:0;list-style:none}
.figures li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.figures b{display:block;font-size:25px;line-height:1.2;letter-spacing:-.01em}
.figures span{color:var(--soft);font-size:13px}
.figures .hurt b{color:var(--bad)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 16px;padding:0;list-style:none;color:var(--soft);font-size:13px}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.chart{display:block;width:100%;min-width:720px;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
.chart text{fill:var(--soft)}.chart .name{fill:var(--ink);font-size:13px;font-weight:600}.chart .sub{font-size:11.5px}
.chart .axis line{stroke:var(--grid)}.chart .base{stroke:var(--line)}
.chart .fill{fill:var(--fill)}.chart .line{fill:none;stroke:var(--calls);stroke-width:1.6;stroke-linejoin:round}
.chart .total .fill{fill:var(--totalfill)}.chart .total .line{stroke:var(--total)}
.chart .phase text{fill:#fff;font-size:11px;font-weight:600}.chart .phase.empty text{fill:#1b2230}
.stale rect{fill:var(--stale)}.draining rect{fill:var(--draining)}.empty rect{fill:var(--empty)}.replacing rect{fill:var(--replacing)}
.joining rect{fill:var(--joining)}.serving rect{fill:var(--serving)}.parked rect{fill:var(--parked)}
i.stale{background:var(--stale)}i.draining{background:var(--draining)}i.empty{background:var(--empty)}i.replacing{background:var(--replacing)}
i.joining{background:var(--joining)}i.serving{background:var(--serving)}i.parked{background:var(--parked)}i.calls{background:var(--calls)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600;font-size:12.5px;padding:0 14px 8px 0;vertical-align:bottom;white-space:nowrap}
td{border-top:1px solid var(--line);padding:8px 14px 8px 0;vertical-align:top}
td small,dd small{display:block;color:var(--soft);font-size:12.5px}
.number{text-align:right}.time,.name{white-space:nowrap}td.name{font-weight:600}td.name small{font-weight:400}
.failed td{color:var(--bad)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:14px 24px;margin:0}
dt{color:var(--soft);font-size:13px}dd{margin:0;font-weight:600}dd small{font-weight:400}
footer{color:var(--soft);font-size:13px;margin-top:20px}
@media print{*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{background:#fff}main{padding:0}.verdict,.figures li,.chart g,tr,section:has(>dl){break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}.chart{min-width:0}td{overflow-wrap:anywhere}}
`;
