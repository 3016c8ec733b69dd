/*
 * Counts over time, by uPlot; the same as a sentence for those who do not see it.
 */
import { html, useEffect, useRef } from "../core/dom.js";
import uPlot from "../vendor/uplot.js";
import { t } from "../core/strings.js";
import { number, timeClock } from "../core/format.js";

const HEIGHT = 200;

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width, lines, span) {
	const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };

	return {
		width, height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 6 } }, padding: [12, 8, 0, 0],
		scales: { x: { range: () => span }, y: { range: (u, min, max) => [0, Math.max(max, 4)] } },
		axes: [{ ...axis, space: 70, values: (u, ticks) => ticks.map((tick) => timeClock(tick * 1000)) },
			{ ...axis, size: 46, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] }],
		series: [{}].concat(lines.map((line) => ({
			label: line.label, stroke: colour(line.colour), width: 2, dash: line.dash, points: { show: line.values.length < 3 }
		})))
	};
}

function summary(lines) {
	return lines.map((line) => t("plot.sum", { what: line.label, n: number(line.values.reduce((a, b) => a + b, 0)) })).join(", ");
}

/* times: seconds; span: what is shown, [from, to]; lines: [{ label, colour: "--token", values }] */
export function Plot({ times, span, lines, label }) {
	const box = useRef(null);

	useEffect(() => {
		const data = [times, ...lines.map((line) => line.values)];
		let plot = null;
		const draw = () => {
			if (plot)
				plot.destroy();
			plot = new uPlot(options(box.current.clientWidth, lines, span), data, box.current);
		};
		const sizes = new ResizeObserver(() => plot && plot.setSize({ width: box.current.clientWidth, height: HEIGHT }));
		const dark = matchMedia("(prefers-color-scheme: dark)");

		draw();
		sizes.observe(box.current);
		dark.addEventListener("change", draw);
		return () => {
			sizes.disconnect();
			dark.removeEventListener("change", draw);
			plot.destroy();
		};
	}, [times, span, lines]);
	return html`<figure class="plot">
		<div ref=${box} role="img" aria-label=${`${label}: ${summary(lines)}`}></div>
		<figcaption>${lines.map((line) => html`<span key=${line.label} class=${`key ${line.colour.slice(2)}`}>${line.label}</span>`)}</figcaption>
	</figure>`;
}
