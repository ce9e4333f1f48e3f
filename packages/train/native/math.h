// Functions that the compiler can vectorize: no branches, no calls. Good to a few units in the last place of float32.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sohu {

inline float clamped(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/** eˣ: x = n ln 2 + r, and a polynomial for eʳ (Cephes' expf). 0 below -87; a NaN stays NaN. */
inline float exponential(float x) {
  const float bounded = clamped(x, -87.33f, 88.0f);
  const float shifted = bounded * 1.44269504f + 12582912.0f;  // the nearest whole number is in the last bits of 1.5 x 2²³ + n
  const float n = shifted - 12582912.0f;
  const float r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  const int32_t power_bits = (bits - 0x4b400000 + 127) << 23;
  float power;
  std::memcpy(&power, &power_bits, sizeof power);
  return x < -87.33f ? 0.0f : p * power;
}

/** erf x as x P(x²) / Q(x²) on [-4, 4], beyond which float32's erf is ±1: the coefficients of Eigen and XLA. */
inline float error_function(float x) {
  const float t = clamped(x, -4.0f, 4.0f);
  const float t2 = t * t;
  float p = -2.72614225801306e-10f;
  p = p * t2 + 2.77068142495902e-08f;
  p = p * t2 - 2.10102402082508e-06f;
  p = p * t2 - 5.69250639462346e-05f;
  p = p * t2 - 7.34990630326855e-04f;
  p = p * t2 - 2.95459980854025e-03f;
  p = p * t2 - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * t2 - 2.13374055278905e-04f;
  q = q * t2 - 1.68282697438203e-03f;
  q = q * t2 - 7.37332916720468e-03f;
  q = q * t2 - 1.42647390514189e-02f;
  return t * p / q;
}

/** Φ(x), the normal distribution function. */
inline float normal_distribution(float x) { return 0.5f + 0.5f * error_function(x * 0.70710678f); }

/** φ(x), its density. */
inline float normal_density(float x) { return 0.39894228f * exponential(-0.5f * x * x); }

}  // namespace sohu
