/*
 * What draws: Preact with htm. Every text becomes a text node; nothing here takes markup from a string.
 */
import { h, render, createContext } from "../vendor/preact.js";
import { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export {
	h, render, createContext, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId
};
