export { isEvtx, readEvtx } from './reader.js'
