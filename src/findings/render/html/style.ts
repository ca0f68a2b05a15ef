/** The look of the report page. No file is fetched: the type is the reader's own. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --raised: #ffffff; --ink: #1d1c1a; --soft: #5d5a54; --faint: #8b877f; --line: #e4e0d8; --hair: #efece5;
  --accent: #2b6470; --accent-soft: #9dbcc2; --mark: #fdf0c4;
  --critical: #9b1239; --high: #c2410c; --medium: #a86a06; --low: #2f6f9f; --informational: #7b776f;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Sitka Text", "Source Serif 4", Cambria, "Liberation Serif", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151617; --raised: #1c1d1f; --ink: #e9e6e0; --soft: #aaa69e; --faint: #807c75; --line: #34353a; --hair: #27282b;
    --accent: #7fb8c4; --accent-soft: #3c626a; --mark: #4b4120;
    --critical: #ff6f91; --high: #ff9a62; --medium: #e5b84d; --low: #7db7e4; --informational: #97938b;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 var(--sans); background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; scroll-padding-top: 4.5rem; }
body { margin: 0 auto; max-width: 82rem; padding: 1.8rem clamp(1rem, 4vw, 3rem) 5rem; }
h1 { font: 600 clamp(1.7rem, 3.4vw, 2.3rem)/1.12 var(--serif); letter-spacing: -0.018em; margin: 0 0 .5rem; max-width: 22em; text-wrap: balance; }
h2 { font: 600 1.6rem/1.2 var(--serif); letter-spacing: -0.01em; margin: 0 0 .35rem; }
h3 { font: 600 1rem/1.35 var(--sans); margin: 0; }
p { margin: 0 0 .6rem; max-width: 44rem; text-wrap: pretty; }
section { margin-top: 3.5rem; }
section:first-child { margin-top: 1.5rem; }
.overline { font-size: .8125rem; letter-spacing: .04em; color: var(--faint); margin: 0 0 .6rem; }
.lead { font: 400 1.15rem/1.5 var(--serif); color: var(--soft); max-width: 52rem; }
.about { color: var(--soft); }
p.sum { color: var(--soft); font-size: .8125rem; }
.cut-note { color: var(--soft); font-size: .875rem; margin: .9rem 0 0; padding-left: .8rem; border-left: 3px solid var(--accent-soft); }
code, .mono { font-family: var(--mono); font-size: .86em; overflow-wrap: anywhere; }
.cut-note code, footer code { white-space: nowrap; }
a { color: inherit; text-decoration-color: var(--accent-soft); text-underline-offset: .18em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
bdi { overflow-wrap: anywhere; }
.code-point { font: .72em/1 var(--mono); color: var(--high); border: 1px solid currentColor; border-radius: 3px; padding: 0 .25em; margin: 0 .1em; white-space: nowrap; }
.cut, .quiet { color: var(--faint); }
.cut { font-size: .85em; margin-left: .3em; }
.nowrap { white-space: nowrap; }

.tiles { display: grid; grid-template-columns: repeat(6, 1fr); margin: 1.2rem 0 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.tile { padding: .7rem 1.2rem .75rem; border-left: 1px solid var(--line); min-width: 0; }
.tile:first-child { border-left: 0; padding-left: 0; }
.tile dt { font-size: .8125rem; color: var(--soft); }
.tile dt a { text-decoration: none; }
.tile dt a:hover { text-decoration: underline; }
.tile dd { margin: 0; }
.tile .figure { font: 500 1.7rem/1.2 var(--serif); font-variant-numeric: lining-nums; letter-spacing: -0.015em; }
.tile .aside { font-size: .8125rem; line-height: 1.4; color: var(--soft); margin-top: .15rem; }
.levels { display: flex; flex-wrap: wrap; gap: .05rem .7rem; }
.levels span { white-space: nowrap; }
.level-bar { display: block; width: 100%; height: 6px; margin: .15rem 0 .4rem; border-radius: 3px; }

.filter { position: sticky; top: 0; z-index: 2; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; background: var(--paper); padding: .6rem 0; margin-top: .8rem; border-bottom: 1px solid var(--line); }
.filter[hidden] { display: none; }
.filter input, .filter select { font: inherit; font-size: .9375rem; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .7rem; }
.filter input { flex: 1 1 14rem; min-width: 0; max-width: 26rem; }
.filter output { font-size: .875rem; color: var(--soft); }
[data-item][hidden], .lane-group[hidden], .rule[hidden], .level-group[hidden] { display: none; }

.table { margin-top: 1.2rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8125rem; white-space: nowrap; border-bottom: 1px solid var(--line); padding: .3rem 1rem .45rem 0; vertical-align: bottom; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button:hover { color: var(--ink); }
th button::after { content: "\\2195"; opacity: .35; margin-left: .3em; }
th[aria-sort] button { color: var(--ink); }
th[aria-sort=ascending] button::after { content: "\\2191"; opacity: 1; }
th[aria-sort=descending] button::after { content: "\\2193"; opacity: 1; }
td { padding: .55rem 1rem .55rem 0; border-bottom: 1px solid var(--hair); vertical-align: top; }
tr > :last-child { padding-right: 0; }
td.number, th.number { text-align: right; }
td .quiet, td .sub { font-size: .8125rem; }
td .sub { display: block; color: var(--soft); }
td .level { display: flex; align-items: center; gap: .2rem; color: var(--ink); }
td .level .level-mark { margin-left: -4px; }
.name { font-weight: 600; }
.inventory { table-layout: fixed; }
.inventory th:nth-child(1) { width: 12.5%; } .inventory th:nth-child(2) { width: 13%; }
.inventory th:nth-child(3), .inventory th:nth-child(4) { width: 7.5%; } .inventory th:nth-child(5) { width: 20%; }
.inventory th:nth-child(6) { width: 5.5%; } .inventory th:nth-child(7) { width: 9.5%; } .inventory th:nth-child(8) { width: 11%; }
.verdict { font-weight: 600; white-space: nowrap; }
.verdict.prohibited, .verdict.wrong-tenant { color: var(--critical); }
.verdict.unknown { color: var(--high); }
.verdict.approved-but-deviating, .verdict.expired { color: var(--medium); }
.verdict.approved { color: var(--accent); }
.parts { font-size: .8125rem; }
tr.trace td { color: var(--soft); }
tr.trace .name { font-weight: 500; }

details summary { cursor: pointer; color: var(--soft); font-size: .8125rem; }
details summary:hover { color: var(--ink); }
details ul { margin: .3rem 0 0; padding: 0; list-style: none; font-size: .8125rem; }
details li { padding: .1rem 0; }

.timeline { margin: 1.4rem 0 0; }
.lane { display: grid; grid-template-columns: 12.5rem 1fr; gap: 1rem; align-items: center; }
.lane-host { font-size: .8125rem; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: right; }
.lane-picture { display: block; width: 100%; overflow: visible; }
.lane-group { border-top: 1px solid var(--hair); padding: .35rem 0 .3rem; }
.lane-group h3 { font-size: .875rem; width: 12.5rem; text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.axis .lane-host { color: var(--faint); }
.lane-group + .foot { border-top: 1px solid var(--hair); }
.tick { font: .75rem var(--sans); fill: var(--soft); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--hair); }
.bar { fill: var(--accent); }
.bar.trace { fill: var(--faint); }
.density { fill: var(--accent-soft); }
.mark { overflow: visible; stroke: var(--paper); stroke-width: 1.5; }
.critical { --level: var(--critical); } .high { --level: var(--high); } .medium { --level: var(--medium); }
.low { --level: var(--low); } .informational { --level: var(--informational); }
.mark path, .mark rect, .mark circle, .level-bar rect { fill: var(--level); }
.lane a:focus-visible .mark, .lane a:hover .mark { stroke: var(--ink); }
figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin-top: .9rem; font-size: .8125rem; color: var(--soft); }
.legend { display: inline-flex; align-items: center; gap: .35rem; }
.level-mark { flex: none; }


.incident { border-top: 2px solid var(--level); padding: 1rem 0 1.4rem; margin-top: 1.2rem; }
.incident h3 { display: flex; align-items: center; gap: .4rem; font-size: 1.1rem; }
.incident p { max-width: 60rem; }
.incident-facts { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .875rem; color: var(--soft); margin: .2rem 0 .6rem; }
.reopened { color: var(--high); }
.chain { margin-top: .8rem; padding-left: 1rem; border-left: 2px solid var(--line); }
.chain > summary { color: var(--ink); font-size: .9375rem; }
.chain .facts { margin: .4rem 0 .6rem; }
.steps { list-style: none; margin: .6rem 0; padding: 0; font-size: .875rem; }
.steps li { display: grid; grid-template-columns: 6.2rem 9.6rem 1fr; gap: .2rem .8rem; padding: .18rem 0; border-bottom: 1px solid var(--hair); }
.step-time { font-variant-numeric: tabular-nums; color: var(--soft); white-space: nowrap; }
.stage { color: var(--soft); }
.stage.activity, .stage.session { color: var(--high); } .stage.removal { color: var(--critical); } .stage.delivery { color: var(--accent); }
.tree { padding-left: 1.1rem !important; } .tree .tree { border-left: 1px solid var(--line); }
.tool-process { font-weight: 600; }
@media (max-width: 46rem) { .steps li { grid-template-columns: 1fr; } }


.guide { margin-top: .9rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: 6px; font-size: .875rem; }
.guide > summary { color: var(--ink); font-size: .9375rem; font-weight: 600; }
.guide h4 { margin: 1rem 0 .3rem; font-size: .9375rem; }
.guide ol, .guide ul { margin: .2rem 0; padding-left: 1.4rem; }
.guide ul { list-style: disc; }
.guide ol > li { padding: .22rem 0; overflow-wrap: anywhere; }
.guide summary { font-weight: 500; }
.guide p { margin: .4rem 0 .2rem; }
.guide pre { margin: .2rem 0 .7rem; padding: .6rem .8rem; overflow: auto; max-height: 22rem; border: 1px solid var(--hair); border-radius: 4px; font: .94em/1.45 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
.guide-columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .4rem 2rem; margin: .4rem 0; }
.facts.prose dd { font-family: inherit; }

.level-group { margin-top: 1.9rem; }
.level-title { display: flex; align-items: center; gap: .4rem; font-size: 1rem; color: var(--level); padding-bottom: .4rem; border-bottom: 2px solid var(--level); }
.level-title .quiet { font-weight: 400; }
.rules { table-layout: fixed; }
.rules th:nth-child(1) { width: 8.5rem; } .rules th:nth-child(3), .rules th:nth-child(4) { width: 5.5rem; }
.rules th:nth-child(5), .rules th:nth-child(6) { width: 9rem; } .rules th:nth-child(7) { width: 17%; }
.rules td { padding-top: .3rem; padding-bottom: .3rem; }
.rules td .level { justify-content: start; }
.rules td .techniques { margin: 0; gap: 0 .6rem; }
.rules a { text-decoration-color: transparent; }
.rules a:hover { text-decoration-color: currentColor; }
.rule { padding: 1.15rem 0 .5rem; border-bottom: 1px solid var(--line); }
.rule h3 { font: 600 1.125rem/1.35 var(--serif); margin-bottom: .2rem; }
.rule:target h3 { background: linear-gradient(90deg, var(--mark), transparent 85%); box-shadow: -.8rem 0 0 var(--mark); }
.rule-id { font-size: .8125rem; margin: 0; }
.about-rule { max-width: 60rem; }
.card { padding: .7rem 0; display: grid; grid-template-columns: 13.5rem 1fr; gap: .3rem 2rem; }
.card + .card { border-top: 1px solid var(--hair); }
.card:target { background: linear-gradient(90deg, var(--mark), transparent 85%); box-shadow: -.8rem 0 0 var(--mark); }
.card-who { font-size: .875rem; line-height: 1.5; min-width: 0; }
.card-who div { overflow-wrap: anywhere; }
.card-who .name { font-size: .9375rem; }
.card-what { min-width: 0; }
.why { margin: 0 0 .25rem; max-width: 60rem; overflow-wrap: anywhere; }
.techniques { display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .8125rem; margin: 0 0 .45rem; color: var(--soft); }
.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .12rem 1rem; margin: .5rem 0 .2rem; font-size: .8125rem; }
.facts dt { color: var(--soft); overflow-wrap: anywhere; max-width: 15rem; }
.facts dd { margin: 0; font-family: var(--mono); font-size: .94em; overflow-wrap: anywhere; min-width: 0; }
.event { margin-top: .7rem; padding-left: .9rem; border-left: 2px solid var(--line); font-size: .8125rem; }
.event .source { font-family: var(--mono); font-size: .94em; overflow-wrap: anywhere; }
.more { font-size: .875rem; color: var(--soft); margin: .2rem 0 .6rem; }

.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 2.4rem 4rem; margin-top: 1.6rem; }
.columns > * { min-width: 0; }
.block { margin-top: 2rem; }
.plain { margin: .5rem 0 0; padding: 0; list-style: none; font-size: .9375rem; }
.plain li { padding: .12rem 0; }
.statement { font: 400 1.2rem/1.5 var(--serif); margin-top: 1.2rem; }
footer { margin-top: 4.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .8125rem; }

@media (max-width: 74rem) {
  .inventory .nowrap { white-space: normal; }
}
@media (max-width: 60rem) {
  .tiles { grid-template-columns: repeat(6, 1fr); }
  .tile { grid-column: span 2; }
  .tile:nth-child(n+4) { border-top: 1px solid var(--line); }
  .tile:nth-child(4) { border-left: 0; padding-left: 0; }
  .columns { grid-template-columns: 1fr; }
}
@media screen and (min-width: 66.01rem) {
  .inventory details { position: relative; }
  .inventory details ul { position: absolute; right: 0; z-index: 1; width: 30rem; padding: .6rem .9rem; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 .4rem 1.4rem rgb(0 0 0 / .14); color: var(--ink); }
  .table:has(.inventory) { overflow: visible; }
}
@media screen and (max-width: 66rem) {
  .stacked thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; }
  .stacked tr { padding: .8rem 0; border-bottom: 1px solid var(--line); }
  .stacked tr[hidden] { display: none; }
  .stacked td { display: grid; grid-template-columns: 6.5rem 1fr; gap: .6rem; padding: .12rem 0; border: 0; max-width: none; }
  .stacked td > * { min-width: 0; }
  .stacked td:empty { display: none; }
  .stacked td::before { content: attr(data-label); color: var(--faint); font-size: .8125rem; }
  .stacked td.number { text-align: left; }
}
@media (max-width: 44rem) {
  body { padding-top: 2rem; }
  section { margin-top: 3rem; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tile { grid-column: auto; padding: .8rem .9rem; }
  .tile:nth-child(odd) { border-left: 0; padding-left: 0; }
  .tile:nth-child(even) { border-left: 1px solid var(--line); padding-left: .9rem; }
  .tile:nth-child(n+3) { border-top: 1px solid var(--line); }
  .tile .figure { font-size: 1.7rem; }
  .lane { grid-template-columns: 1fr; gap: 0; }
  .lane-host, .lane-group h3 { text-align: left; width: auto; }
  .lane-group .lane { padding-top: .35rem; }
  .axis .lane-host, .tick.odd { display: none; }
  .card { grid-template-columns: 1fr; }
  .card-who { display: flex; flex-wrap: wrap; gap: 0 .8rem; order: 2; margin-top: .2rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .35rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --raised: #fff; --ink: #000; --soft: #444; --faint: #777; --line: #bbb; --hair: #ddd;
    --accent: #2b6470; --accent-soft: #9dbcc2; --critical: #9b1239; --high: #c2410c; --medium: #a86a06; --low: #2f6f9f; --informational: #7b776f; }
  html { font-size: 10pt; }
  body { padding: 0; max-width: none; }
  svg, .level-title { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .filter { display: none; }
  table { font-size: 8pt; }
  th button::after { content: none; }
  section { margin-top: 2rem; }
  h2, h3 { break-after: avoid; }
  tr, .lane, .event { break-inside: avoid; }
  .card details::details-content { content-visibility: visible; block-size: auto; }
  thead { display: table-header-group; }
  .table { overflow: visible; }
}
`
