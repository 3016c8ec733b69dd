/*
 * What one screen gives the next and nobody else: a secret that was made, kept in memory until the page is left.
 */
const kept = new Map();

export const handOver = (name, value) => kept.set(name, value);
export const take = (name) => kept.get(name);
