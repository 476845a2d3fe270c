"use strict";
// The data of the page.

const ARRAYS = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/** Read an array that Python wrote as base64 of its bytes, the last index fastest. */
function decoded({ dtype, data }) {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  return new ARRAYS[dtype](bytes.buffer);
}

const DATA = JSON.parse(document.getElementById("data").textContent);
