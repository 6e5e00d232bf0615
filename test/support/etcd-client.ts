/** Through the JSON gateway of etcd's client port: nothing older than now can be read any more. */
export async function compactEtcd(url: string): Promise<void> {
  const { header } = (await post(url, 'maintenance/status', {})) as { readonly header: { revision: string } }
  await post(url, 'kv/compaction', { revision: header.revision, physical: true })
}

/** Writes a key that no API server looks at. */
export async function moveEtcdRevision(url: string): Promise<void> {
  const text = (value: string): string => Buffer.from(value).toString('base64')
  await post(url, 'kv/put', { key: text('conformance'), value: text(String(performance.now())) })
}

async function post(url: string, method: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}/v3/${method}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`etcd ${method}: ${response.status} ${await response.text()}`)
  return await response.json()
}
