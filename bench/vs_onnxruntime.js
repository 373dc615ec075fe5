// The same networks by dyntrain's inference plan and by onnxruntime on the exported model, in turn: batch 1, one thread.
// usage: NODE_PATH=FOLDER/node_modules node bench/vs_onnxruntime.js [--check] [--bf16] PROGRAM [NETWORK ...]
// PROGRAM is build/bench/infer_bench. Prints JSON: medians over rounds, ratios, and how far logits differ at most.
// --bf16: dyntrain in that precision (onnxruntime stays in fp32). --check compares logits only. Exit status 77: there is no onnxruntime-node
//   (ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node); 8: logits differ.
'use strict'
const { execFileSync } = require('child_process')
const fs = require('fs')
const os = require('os')
const path = require('path')

const ROUNDS = 5, RUNS = 300, WARM = 20, TOLERANCE = { fp32: 1e-4, bf16: 3e-2 }

function median(v) {
  return [...v].sort((a, b) => a - b)[v.length >> 1]
}

function floats(file) {
  const bytes = fs.readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

// Largest difference, relative to the largest logit.
function distance(a, b) {
  let worst = 0, top = 0
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i] - b[i]))
    top = Math.max(top, Math.abs(a[i]))
  }
  return a.length === b.length && Number.isFinite(worst) ? worst / top : Infinity
}

async function time(session, feed, runs) {
  const ms = []
  for (let i = -WARM; i < runs; i++) {
    const start = process.hrtime.bigint()
    await session.run(feed)
    if (i >= 0) ms.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  return median(ms)
}

async function compare(ort, program, network, folder, check, precision) {
  const ours = () => Number(execFileSync(program, [network, folder, check ? '1' : String(RUNS), precision], { encoding: 'utf8' }))
  const first = ours()
  const session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'),
    { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all' })
  const feed = { image: new ort.Tensor('float32', floats(path.join(folder, 'image.bin')), [1, 3, 32, 32]) }
  const logits = (await session.run(feed)).logits.data
  const row = { network, difference: distance(floats(path.join(folder, 'logits.bin')), logits) }
  if (check) return row
  const a = [first], b = []
  for (let i = 0; i < ROUNDS; i++) {
    b.push(await time(session, feed, RUNS))
    a.push(ours())
  }
  row.dyntrain_ms = median(a)
  row.onnxruntime_ms = median(b)
  row.ratio = row.dyntrain_ms / row.onnxruntime_ms
  return row
}

async function main() {
  const args = process.argv.slice(2).filter(a => !a.startsWith('--')), check = process.argv.includes('--check')
  const precision = process.argv.includes('--bf16') ? 'bf16' : 'fp32'
  let ort
  if (!args.length) {
    console.error('usage: node vs_onnxruntime.js [--check] [--bf16] PROGRAM [NETWORK ...]')
    process.exit(2)
  }
  try {
    ort = require('onnxruntime-node')
  } catch (e) {
    console.error('skipped: no onnxruntime-node in NODE_PATH')
    process.exit(77)
  }
  const networks = args.length > 1 ? args.slice(1) : ['resnet20', 'resnet56', 'resnext29']
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dyntrain-onnx-'))
  const rows = []
  try {
    for (const network of networks) rows.push(await compare(ort, args[0], network, folder, check, precision))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
  console.log(JSON.stringify({ onnxruntime: require('onnxruntime-node/package.json').version, threads: 1, batch: 1, precision, rows }, null, 2))
  if (rows.some(r => !(r.difference < TOLERANCE[precision]))) process.exit(8)
}

main()
