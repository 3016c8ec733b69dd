<?php
namespace Pannier;

/**
 * "Send everything": all there is of a kind, a page at a time, by the keys of the tables. Where it stands is kept, so that it goes on
 * after any interruption; changes that happen meanwhile are told first.
 */
class History
{
	const PAGE_ROWS = 50;
	/**
	 * Orders are read for ten pages at once: OpenCart has no index by which an order's history is found, so that reading it for one page
	 * reads the whole table. What changes meanwhile has a greater number than the block.
	 */
	const BLOCK_ROWS = 500;

	/** Among the subscribers: above this, the number of what a guest said. No customer has such an id. */
	const GUEST = 1 << 31;
	/** The last that each guest said. */
	const GUESTS = "SELECT MAX(consent_id) AS id FROM {pannier_consent} WHERE customer_id = 0 GROUP BY email";

	/** In the order in which they are sent: what others name comes first. */
	const KINDS = [
		'categories' => ['one' => 'category', 'table' => 'category', 'switch' => 'send_catalog'],
		'products' => ['one' => 'product', 'table' => 'product', 'switch' => 'send_catalog'],
		'customers' => ['one' => 'customer', 'table' => 'customer', 'switch' => 'send_people'],
		'subscribers' => ['one' => 'subscriber', 'table' => 'customer', 'switch' => 'send_people'],
		'orders' => ['one' => 'order', 'table' => 'order', 'switch' => 'send_orders'],
	];

	private $shop;
	private $outbox;
	/** Of orders: {ids, full: there may be more, sequence, orders: the renderer that has read them} */
	private $block = [];

	public function __construct(Shop $shop, Outbox $outbox)
	{
		$this->shop = $shop;
		$this->outbox = $outbox;
	}

	/* ---- asking for it ---- */

	public function start(int $targetId, array $kinds)
	{
		$target = $this->shop->row("SELECT * FROM {pannier_target} WHERE target_id = ?", [$targetId]);

		foreach (array_intersect(array_keys(self::KINDS), $kinds) as $kind) {
			$row = self::KINDS[$kind];
			if (!$target || !$target[$row['switch']]) {
				continue;
			}
			$this->shop->run("REPLACE INTO {pannier_job} SET target_id = ?, kind = ?, after_id = 0, done = 0, total = ?, state = 'running', started = ?",
				[$targetId, $kind, $this->count($kind), time()]);
		}
	}

	public function stop(int $targetId)
	{
		$this->shop->run("UPDATE {pannier_job} SET state = 'stopped' WHERE target_id = ? AND state = 'running'", [$targetId]);
	}

	public function state(): array
	{
		return $this->shop->rows("SELECT target_id, kind, done, total, state, started FROM {pannier_job} ORDER BY target_id, started, job_id");
	}

	/* ---- doing it ---- */

	/** Pages until the time is over, or something newer waits, or Pannier does not take them. Returns messages sent. */
	public function run(Context $context, Sender $sender, float $until, Flush $flush): int
	{
		$targetId = (int)$context->target['target_id'];
		$sent = 0;

		while (microtime(true) < $until && ($job = $this->next($targetId))) {
			$began = microtime(true);
			$n = $this->page($context, $sender, $flush, $job);
			if ($n < 0 || $this->outbox->due($targetId, 1)) {
				break;
			}
			$sent += $n;
			$this->rest($began, $until);
		}

		return $sent;
	}

	/** Between two pages, so that the shop is not loaded beyond the setting pages_per_second. */
	private function rest(float $began, float $until)
	{
		$left = min($until, $began + 1.0 / max(0.1, (float)$this->shop->own('pages_per_second', '4'))) - microtime(true);

		if ($left > 0) {
			usleep((int)($left * 1e6));
		}
	}

	private function next(int $targetId): array
	{
		$running = $this->shop->rows("SELECT * FROM {pannier_job} WHERE target_id = ? AND state = 'running'", [$targetId]);
		$order = array_flip(array_keys(self::KINDS));

		usort($running, function ($a, $b) use ($order) {
			return $order[$a['kind']] - $order[$b['kind']];
		});

		return $running ? $running[0] : [];
	}

	/** Messages of one page; -1: not taken, the job stands where it stood. */
	private function page(Context $context, Sender $sender, Flush $flush, array $job): int
	{
		list($messages, $last, $n, $more) = $job['kind'] === 'orders' ? $this->readBlock($context, (int)$job['after_id'], Flush::BATCH_BYTES)
			: $this->read($context, $job['kind'], (int)$job['after_id'], self::PAGE_ROWS, Flush::BATCH_BYTES);

		if ($messages && !$flush->deliver($context->target, $sender, $messages)) {
			return -1;
		}
		$this->shop->run("UPDATE {pannier_job} SET after_id = ?, done = done + ?, state = IF(state = 'running' AND ? = 0, 'done', state) WHERE job_id = ?",
			[$last, $n, (int)$more, (int)$job['job_id']]);

		return count($messages);
	}

	/**
	 * What there is of a kind after an id: at most $limit, and no more once there are as many bytes as that.
	 *
	 * @return array [messages, last id, rows looked at, whether there may be more]
	 */
	public function read(Context $context, string $kind, int $after, int $limit, int $bytes): array
	{
		$ids = $this->ids($kind, $after, $limit);
		$rendered = new Rendered($context, $this->outbox);
		$sequence = $ids || self::begins($kind, $after) ? $this->outbox->nextSequence((int)$context->target['target_id']) : '';

		$rendered->load(self::KINDS[$kind]['one'], $ids);
		list($last, $n) = $this->render($rendered, $kind, $after, $ids, $sequence, $bytes);

		return [$rendered->messages(), $last, $n, $n < count($ids) || $n === $limit];
	}

	/** The same of orders, out of a block that is read when the one before is used up. */
	private function readBlock(Context $context, int $after, int $bytes): array
	{
		if (!$this->block || !$this->blockAfter($after)) {
			$sequence = $this->outbox->nextSequence((int)$context->target['target_id']);
			$ids = $this->ids('orders', $after, self::BLOCK_ROWS);
			$this->block = ['ids' => $ids, 'full' => count($ids) === self::BLOCK_ROWS, 'sequence' => $sequence, 'orders' => new OrderRenderer($context)];
			$this->block['orders']->load($ids);
		}
		$left = $this->blockAfter($after);
		$rendered = new Rendered($context, $this->outbox, $this->block['orders']);
		list($last, $n) = $this->render($rendered, 'orders', $after, array_slice($left, 0, self::PAGE_ROWS), $this->block['sequence'], $bytes);

		return [$rendered->messages(), $last, $n, $n < count($left) || $this->block['full']];
	}

	private function blockAfter(int $after): array
	{
		return array_values(array_filter($this->block['ids'], function ($id) use ($after) {
			return $id > $after;
		}));
	}

	/** What the statuses of the orders are called comes before them. */
	private static function begins(string $kind, int $after): bool
	{
		return $kind === 'orders' && $after === 0;
	}

	/** [last id, rows looked at] */
	private function render(Rendered $rendered, string $kind, int $after, array $ids, string $sequence, int $bytes): array
	{
		$n = 0;

		if (self::begins($kind, $after)) {
			$rendered->one('shop', (int)Outbox::SHOP, $sequence, time(), true);
		}
		foreach ($ids as $id) {
			if ($rendered->bytes() > $bytes) {
				break;
			}
			guarded($this->shop, function () use ($rendered, $kind, $id, $sequence) {
				$rendered->one(self::KINDS[$kind]['one'], $id, $sequence, time(), true);
			});
			$n++;
		}
		$rendered->plan();

		return [$n ? $ids[$n - 1] : $after, $n];
	}

	/** How many there are of a kind. */
	public function count(string $kind): int
	{
		return (int)$this->shop->value("SELECT COUNT(*) FROM {" . self::KINDS[$kind]['table'] . "}")
			+ ($kind === 'subscribers' ? (int)$this->shop->value("SELECT COUNT(*) FROM (" . self::GUESTS . ") g") : 0);
	}

	public function ids(string $kind, int $after, int $limit): array
	{
		$table = self::KINDS[$kind]['table'];
		$select = "SELECT " . $table . "_id AS id FROM {" . $table . "} WHERE " . $table . "_id > ? ORDER BY " . $table . "_id LIMIT ";
		$ids = $this->column($select . $limit, $after);

		if ($kind === 'subscribers' && count($ids) < $limit) {
			foreach ($this->column(self::GUESTS . " HAVING id > ? ORDER BY id LIMIT " . ($limit - count($ids)), max(0, $after - self::GUEST)) as $id) {
				$ids[] = self::GUEST + $id;
			}
		}

		return $ids;
	}

	private function column(string $select, int $after): array
	{
		return array_map('intval', array_column($this->shop->rows($select, [$after]), 'id'));
	}
}
