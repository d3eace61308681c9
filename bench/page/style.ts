// How the page looks. Colours come from theme.ts, so that what CSS draws and what the charts draw are the same.
import { DARK, LIGHT, themeProperties } from './theme.js';

export const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif';

const curveColours = LIGHT.curves.map((_, i) => `.curve${i}{color:var(--curve${i})}`).join('\n');

export const STYLE = `
:root{color-scheme:light dark;${themeProperties(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${themeProperties(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 ${FONT};overflow-wrap:anywhere}
main,header,footer{max-width:1280px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
h1{font-size:30px;line-height:1.2;margin:0;letter-spacing:-.015em}
h2{font-size:22px;margin:44px 0 14px;letter-spacing:-.01em}
h3{font-size:17px;line-height:1.35;margin:0}
h4{font-size:15px;margin:22px 0 6px}
p{margin:6px 0}
a{color:var(--strongroom)}
.muted,.unit{color:var(--muted)}
.unit{font-size:13.5px;margin:2px 0 12px}
nav{display:flex;flex-wrap:wrap;gap:4px 20px;margin-top:20px}
nav a{text-decoration:none;font-weight:600;padding:4px 0}
nav a:hover{text-decoration:underline}
.card,.tile,.notes,.smoke{background:var(--card);border:1px solid var(--line);border-radius:12px}
.card{padding:20px 22px;margin:0 0 18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px;margin:22px 0 18px}
.tile{padding:14px 18px}
.tile b{display:block;font-size:25px;line-height:1.25;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tile span{color:var(--muted);font-size:13.5px}
.smoke,.notes{padding:14px 20px;margin:0 0 18px;background:var(--warning);border-color:var(--aim)}
.smoke{border-width:2px;font-size:18px}
.notes h2{font-size:16px;margin:0 0 4px}
.notes ul{margin:0;padding-left:20px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 20px;margin:0;font-size:14px}
dt{color:var(--muted)}
dd{margin:0}
summary{cursor:pointer;font-weight:600}
details[open]>summary{margin-bottom:10px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0 0 8px;padding:0;font-size:13.5px}
.scroll+.legend{margin-top:26px}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{flex:none}
.chart{min-height:90px;width:100%;overflow:hidden}
.tip-title{font-weight:700;white-space:normal;max-width:300px}
.tip-name{margin-top:5px;font-weight:600;white-space:normal}
.tip-line{font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;margin-top:12px}
.scroll:focus-visible{outline:2px solid var(--strongroom);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums;overflow-wrap:normal}
caption{text-align:left;color:var(--muted);font-size:13px;padding-bottom:4px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:baseline}
th{font-weight:600}
thead th{color:var(--muted);font-size:12.5px;border-bottom-width:2px}
tbody tr:last-child>*{border-bottom:0}
tr>:first-child{text-align:left;padding-left:0}
tbody th,td.text{white-space:normal;overflow-wrap:anywhere;min-width:130px;text-align:left}
thead th.text{text-align:left}
tbody th{font-weight:400}
tr.strongroom>th{font-weight:650;color:var(--strongroom)}
td small{display:block;color:var(--muted);font-size:12px}
.met{color:var(--good);font-weight:600}
.missed{color:var(--bad);font-weight:600}
.absent{margin:12px 0 0;font-size:13.5px;color:var(--muted)}
.absent ul{margin:2px 0 0;padding-left:20px}
.key-strongroom{color:var(--strongroom)}.key-peer{color:var(--peer)}.key-baseline{color:var(--baseline)}
.key-ceiling{color:var(--ceiling)}.key-aim{color:var(--aim)}.key-spread{color:var(--text)}
${curveColours}
footer{padding-top:26px;padding-bottom:48px;font-size:13px;color:var(--muted)}
@media (max-width:640px){
body{font-size:14.5px}
main,header,footer{padding-left:14px;padding-right:14px}
header{padding-top:22px}
h1{font-size:25px}
.card{padding:16px 14px}
.tiles{grid-template-columns:1fr 1fr;gap:10px}
.tile{padding:11px 13px}
.tile b{font-size:20px}
dl{grid-template-columns:minmax(0,1fr);gap:0}
dd{margin-bottom:7px}
th,td{padding:5px 8px}
}
@media print{body{background:none}.card{break-inside:avoid}}
`;
