/**
 * Turns off what ONNX Runtime 1.29 and later reports to Microsoft on Linux and macOS (microsoft/onnxruntime#27379), unless this process has set the
 * variable itself. The library reads it once, when its first session is made, and has no other switch that also keeps it from writing files.
 */
export function withholdTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
}
