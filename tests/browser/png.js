/*
 * Pictures as small as a comparison needs: a PNG of the browser becomes grey, a quarter as wide and high, 16 shades; and back from such a
 * file. Reads what Chromium writes (8 bits, RGB or RGBA, not interlaced) and what it writes itself (4 bits, grey).
 */
"use strict";

const assert = require("assert");
const zlib = require("zlib");

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const GREY = 0, RGB = 2, RGBA = 6;
const SHADES = 16, STEP = 255 / (SHADES - 1);

function chunksOf(file) {
	const chunks = [];

	assert(file.subarray(0, 8).equals(SIGNATURE), "it is a PNG");
	for (let at = 8; at < file.length;) {
		const length = file.readUInt32BE(at);

		chunks.push({ type: file.toString("latin1", at + 4, at + 8), data: file.subarray(at + 8, at + 8 + length) });
		at += 12 + length;
	}
	return chunks;
}

function paeth(a, b, c) {
	const p = a + b - c, pa = Math.abs(p - a), pb = Math.abs(p - b), pc = Math.abs(p - c);

	return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* The bytes of the rows, without what filters did to them (PNG, 9.2). */
function unfilter(raw, rows, stride, bpp) {
	const out = Buffer.alloc(rows * stride);

	for (let y = 0; y < rows; y++) {
		const filter = raw[y * (stride + 1)], from = y * (stride + 1) + 1, to = y * stride;

		for (let x = 0; x < stride; x++) {
			const a = x >= bpp ? out[to + x - bpp] : 0, b = y > 0 ? out[to + x - stride] : 0;
			const c = x >= bpp && y > 0 ? out[to + x - stride - bpp] : 0;
			const add = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter];

			out[to + x] = raw[from + x] + add;
		}
	}
	return out;
}

/* { width, height, at(x, y) }: shades from 0 to 255 */
function read(file) {
	const chunks = chunksOf(file), head = chunks.find((row) => row.type === "IHDR").data;
	const width = head.readUInt32BE(0), height = head.readUInt32BE(4), bits = head[8], colour = head[9];
	const raw = zlib.inflateSync(Buffer.concat(chunks.filter((row) => row.type === "IDAT").map((row) => row.data)));

	assert(head[12] === 0 && (bits === 8 ? colour === RGB || colour === RGBA : bits === 4 && colour === GREY), "a PNG that is read here");
	if (bits === 4) {
		const stride = (width + 1) >> 1, bytes = unfilter(raw, height, stride, 1);

		return { width, height, at: (x, y) => (bytes[y * stride + (x >> 1)] >> (x % 2 ? 0 : 4) & 15) * STEP };
	}
	const bpp = colour === RGB ? 3 : 4, bytes = unfilter(raw, height, width * bpp, bpp);

	return { width, height, at: (x, y) => {
		const i = (y * width + x) * bpp;

		return 0.299 * bytes[i] + 0.587 * bytes[i + 1] + 0.114 * bytes[i + 2];
	} };
}

/* Each pixel is the mean of so many by so many. */
function shrink(picture, by) {
	const width = Math.floor(picture.width / by), height = Math.floor(picture.height / by), shades = new Float64Array(width * height);

	for (let y = 0; y < height * by; y++)
		for (let x = 0; x < width * by; x++)
			shades[Math.floor(y / by) * width + Math.floor(x / by)] += picture.at(x, y) / (by * by);
	return { width, height, at: (x, y) => shades[y * width + x] };
}

function chunk(type, data) {
	const named = Buffer.concat([Buffer.from(type, "latin1"), data]), length = Buffer.alloc(4), sum = Buffer.alloc(4);

	length.writeUInt32BE(data.length);
	sum.writeUInt32BE(crc(named));
	return Buffer.concat([length, named, sum]);
}

function crc(bytes) {
	let sum = 0xffffffff;

	for (const byte of bytes) {
		sum ^= byte;
		for (let i = 0; i < 8; i++)
			sum = sum & 1 ? sum >>> 1 ^ 0xedb88320 : sum >>> 1;
	}
	return (sum ^ 0xffffffff) >>> 0;
}

/* As a file: grey, 4 bits. */
function write({ width, height, at }) {
	const stride = (width + 1) >> 1, raw = Buffer.alloc(height * (stride + 1)), head = Buffer.alloc(13);

	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++)
			raw[y * (stride + 1) + 1 + (x >> 1)] |= Math.round(at(x, y) / STEP) << (x % 2 ? 0 : 4);
	head.writeUInt32BE(width, 0);
	head.writeUInt32BE(height, 4);
	head[8] = 4;
	return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("IDAT", zlib.deflateSync(raw, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

module.exports = { read, shrink, write };
