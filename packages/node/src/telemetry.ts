/**
 * Turns off ONNX Runtime's reports to Microsoft (1.29 and later on Linux and macOS, microsoft/onnxruntime#27379),
 * unless the variable is already set. The library reads it once, with its first session, and has no other switch that
 * also keeps it from writing files.
 */
export function withholdTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
}
