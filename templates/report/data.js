"use strict";
// The data of the page.

const ARRAYS = {
  float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array, int8: Int8Array,
};

/** Read an array that Python wrote as base64 of its bytes, the last index fastest. */
function decoded({ dtype, data }) {
  const letters = atob(data), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return new ARRAYS[dtype](bytes.buffer);
}

const DATA = JSON.parse(document.getElementById("data").textContent);
