<?php
namespace Pannier;

/**
 * What has changed and was not told yet: one row for each change and connection. A row names a thing; what the thing is is
 * read when the row is sent, so that a change costs the shop one INSERT. Only carts are kept as they were.
 *
 * Row ids begin at the milliseconds of the installation and grow by one: they are the sequence that Pannier orders by, and stay
 * ahead of those of an extension that was removed and installed again.
 */
class Outbox
{
	/** A save that dies before it is done is looked at again after this. */
	const GUARD_S = 60;

	/** The shop itself has no id; rows of the kind "shop" name it so. */
	const SHOP = '0';

	/** What a kind of change belongs to: the switch of a connection. */
	const SWITCHES = [
		'product' => 'send_catalog', 'product_scan' => 'send_catalog', 'category' => 'send_catalog', 'category_scan' => 'send_catalog',
		'order' => 'send_orders', 'order_deleted' => 'send_orders',
		'customer' => 'send_people', 'customer_scan' => 'send_people', 'consent' => 'send_people',
		'shop' => 'send_orders',
		'cart' => 'send_carts', 'checkout' => 'send_carts',
	];

	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	/** One row for each connection that wants it. */
	public function record(string $kind, string $entity, $payload = null, int $afterSeconds = 0)
	{
		$this->shop->run(
			"INSERT INTO {pannier_outbox} (target_id, kind, entity, payload, at, due)" .
			" SELECT target_id, ?, ?, ?, ?, ? FROM {pannier_target} WHERE status = 1 AND " . self::SWITCHES[$kind] . " = 1",
			[$kind, $entity, $payload === null ? null : json_encode($payload, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE),
				time(), $afterSeconds ? time() + $afterSeconds : 0]);
	}

	/** Before a save: should it die half-way, what it leaves is told all the same. */
	public function guard(string $kind, string $entity)
	{
		$this->record($kind, $entity, null, self::GUARD_S);
	}

	/** Many things of a kind at once; $select gives their ids as `id`. */
	public function recordAll(string $kind, string $select, array $values, int $afterSeconds = 0)
	{
		$this->shop->run(
			"INSERT INTO {pannier_outbox} (target_id, kind, entity, payload, at, due)" .
			" SELECT t.target_id, ?, e.id, NULL, ?, ? FROM {pannier_target} t, ($select) e" .
			" WHERE t.status = 1 AND t." . self::SWITCHES[$kind] . " = 1",
			array_merge([$kind, time(), $afterSeconds ? time() + $afterSeconds : 0], $values));
	}

	/** A number for things that are told without a row of their own: newer than all that was recorded before. */
	public function nextSequence(int $targetId): string
	{
		$this->shop->run("INSERT INTO {pannier_outbox} SET target_id = ?, kind = 'mark', entity = '', at = ?, due = 0, done = 1", [$targetId, time()]);

		return $this->shop->lastId();
	}

	/** Is anything due for a connection that may be tried now? */
	public function isDue(): bool
	{
		return $this->shop->value(
			"SELECT 1 FROM {pannier_outbox} o JOIN {pannier_target} t ON t.target_id = o.target_id" .
			" WHERE o.done = 0 AND o.due <= ? AND t.status = 1 AND t.next_at <= ? LIMIT 1", [time(), time()]) !== null
			|| $this->shop->value(
				"SELECT 1 FROM {pannier_job} j JOIN {pannier_target} t ON t.target_id = j.target_id" .
				" WHERE j.state = 'running' AND t.status = 1 AND t.next_at <= ? LIMIT 1", [time()]) !== null;
	}

	public function due(int $targetId, int $limit): array
	{
		return $this->shop->rows(
			"SELECT outbox_id, kind, entity, payload, at FROM {pannier_outbox}" .
			" WHERE target_id = ? AND done = 0 AND due <= ? ORDER BY outbox_id LIMIT " . $limit, [$targetId, time()]);
	}

	/**
	 * These rows are told, and with them what waited for the same things and is older. The newest row of all stays, done:
	 * a database that forgets its counter when it starts anew goes on from there.
	 */
	public function settle(int $targetId, array $rows)
	{
		$ids = array_column($rows, 'outbox_id');

		foreach ($rows as $row) {
			if (!in_array($row['kind'], ['cart', 'checkout'], true)) {
				$this->shop->run("DELETE FROM {pannier_outbox} WHERE target_id = ? AND kind = ? AND entity = ? AND outbox_id < ? AND due > 0",
					[$targetId, $row['kind'], $row['entity'], (int)$row['outbox_id']]);
			}
		}
		$this->shop->run("UPDATE {pannier_outbox} SET done = 1 WHERE outbox_id IN (?)", [$ids]);
		$this->shop->run("DELETE o FROM {pannier_outbox} o JOIN (SELECT MAX(outbox_id) AS newest FROM {pannier_outbox}) m" .
			" WHERE o.done = 1 AND o.outbox_id < m.newest");
	}

	/**
	 * Look at things again at these times (0 = never), by their ids, and at no other time that was planned. What is due already stays:
	 * it may be under way, and is settled when Pannier has it.
	 */
	public function plan(int $targetId, string $kind, array $at)
	{
		$rows = [];

		if ($at) {
			$this->shop->run("DELETE FROM {pannier_outbox} WHERE target_id = ? AND kind = ? AND entity IN (?) AND done = 0 AND due > ? AND payload = 'planned'",
				[$targetId, $kind, array_map('strval', array_keys($at)), time()]);
		}
		foreach (array_filter($at) as $entity => $due) {
			array_push($rows, $targetId, $kind, (string)$entity, time(), $due);
		}
		if ($rows) {
			$this->shop->run("INSERT INTO {pannier_outbox} (target_id, kind, entity, payload, at, due) VALUES " .
				implode(', ', array_fill(0, count($rows) / 5, "(?, ?, ?, 'planned', ?, ?)")), $rows);
		}
	}

	/** For the settings page: waiting rows and the age of the oldest, by connection. */
	public function state(): array
	{
		$state = [];

		foreach ($this->shop->rows("SELECT target_id, COUNT(*) AS waiting, MIN(at) AS oldest FROM {pannier_outbox} WHERE done = 0 AND due <= ? GROUP BY target_id", [time()]) as $row) {
			$state[(int)$row['target_id']] = ['waiting' => (int)$row['waiting'], 'oldest_s' => max(0, time() - (int)$row['oldest'])];
		}

		return $state;
	}
}
