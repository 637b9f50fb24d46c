/* The experiment of plain.py in C, the sharpness in closed form at each step.

A row of points is alpha, beta1, beta2, lambda1, lambda2, eta, clip, radius; a row of records is a Record of plain.py. */

#include <float.h>
#include <math.h>
#include <time.h>

/* Top eigenvalue of the arrowhead matrix with diagonal d0, d1, d2 and arms e1, e2 (O. K. Smith 1961). */
static inline double top(double d0, double d1, double d2, double e1, double e2)
{
    double mean = (d0 + d1 + d2) / 3.0;
    double b0 = d0 - mean, b1 = d1 - mean, b2 = d2 - mean;
    double size = sqrt((b0 * b0 + b1 * b1 + b2 * b2 + 2.0 * (e1 * e1 + e2 * e2)) / 6.0);
    double half = 0.5 * (b0 * b1 * b2 - e1 * e1 * b2 - e2 * e2 * b1) / (size * size * size);
    double angle = acos(fmin(fmax(half, -1.0), 1.0)) / 3.0;
    return mean + 2.0 * size * cos(angle);
}

typedef struct {
    double alpha, beta1, beta2, loss, above, crossings, steps_above, first_crossing, flips, first_flip, rises, loss_max,
        sharpness_max, tail_sum, tail_min, tail_max;
} Record;

/* Take a trajectory from one record to the next; step 0 is the start itself. */
static inline Record step(Record r, const double *point, long stride, long i, long tail)
{
    double lambda1 = point[3 * stride], lambda2 = point[4 * stride], eta = point[5 * stride];
    double clip = point[6 * stride], radius = point[7 * stride];
    double moves = i > 0, before = r.alpha, loss_before = r.loss, above_before = r.above;
    double error = lambda2 * (r.alpha * r.beta2 - 1.0);
    double slope = fmin(fmax(lambda1 * r.alpha * r.alpha * r.beta1, -clip), clip);
    double beta1 = fmin(fmax(r.beta1 - eta * slope, -radius), radius);
    r.alpha -= moves * eta * (lambda1 * r.alpha * r.beta1 * r.beta1 + error * r.beta2);
    r.beta1 = i > 0 ? beta1 : r.beta1;
    r.beta2 -= moves * eta * error * before;

    double product = r.alpha * r.beta1, left = r.alpha * r.beta2 - 1.0;
    r.loss = 0.5 * lambda1 * product * product + 0.5 * lambda2 * left * left;
    double sharpness =
        top(lambda1 * r.beta1 * r.beta1 + lambda2 * r.beta2 * r.beta2, lambda1 * r.alpha * r.alpha,
            lambda2 * r.alpha * r.alpha, 2.0 * lambda1 * product, lambda2 * (2.0 * r.alpha * r.beta2 - 1.0));
    double ratio = 0.5 * eta * sharpness, flipped = r.alpha * before < 0.0 ? 1.0 : 0.0;
    r.above = ratio > 1.0 ? 1.0 : 0.0;
    r.crossings += moves * r.above * (1.0 - above_before);
    r.steps_above += r.above;
    r.first_crossing = r.above * (r.first_crossing < 0.0 ? 1.0 : 0.0) > 0.0 ? (double)i : r.first_crossing;
    r.flips += flipped;
    r.first_flip = flipped * (r.first_flip < 0.0 ? 1.0 : 0.0) > 0.0 ? (double)i : r.first_flip;
    r.rises += moves * (r.loss > loss_before ? 1.0 : 0.0);
    r.loss_max = fmax(r.loss_max, r.loss);
    r.sharpness_max = fmax(r.sharpness_max, sharpness);
    r.tail_sum += i > tail ? ratio : 0.0;
    r.tail_min = i > tail ? fmin(r.tail_min, ratio) : r.tail_min;
    r.tail_max = i > tail ? fmax(r.tail_max, ratio) : r.tail_max;
    return r;
}

/* LANES trajectories at a time: one after the other, or so many that their loop becomes vector code. */
void run_all(long n, long steps, const double *points, double *records)
{
    double point[8 * LANES], record[16 * LANES];
    for (long j = 0; j + LANES <= n; j += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            for (int k = 0; k < 8; k++) point[k * LANES + lane] = points[8 * (j + lane) + k];
            for (int k = 0; k < 16; k++) record[k * LANES + lane] = k < 3 ? point[k * LANES + lane] : 0.0;
            for (int k = 7; k < 10; k += 2) record[k * LANES + lane] = -1.0;
            record[11 * LANES + lane] = record[12 * LANES + lane] = record[15 * LANES + lane] = -DBL_MAX;
            record[14 * LANES + lane] = DBL_MAX;
        }
        for (long i = 0; i <= steps; i++) {
#pragma omp simd
            for (int lane = 0; lane < LANES; lane++) {
                double *at = record + lane;
                Record r = {at[0], at[LANES], at[2 * LANES], at[3 * LANES], at[4 * LANES], at[5 * LANES],
                            at[6 * LANES], at[7 * LANES], at[8 * LANES], at[9 * LANES], at[10 * LANES],
                            at[11 * LANES], at[12 * LANES], at[13 * LANES], at[14 * LANES], at[15 * LANES]};
                r = step(r, point + lane, LANES, i, steps - steps / 10);
                at[0] = r.alpha, at[LANES] = r.beta1, at[2 * LANES] = r.beta2, at[3 * LANES] = r.loss;
                at[4 * LANES] = r.above, at[5 * LANES] = r.crossings, at[6 * LANES] = r.steps_above;
                at[7 * LANES] = r.first_crossing, at[8 * LANES] = r.flips, at[9 * LANES] = r.first_flip;
                at[10 * LANES] = r.rises, at[11 * LANES] = r.loss_max, at[12 * LANES] = r.sharpness_max;
                at[13 * LANES] = r.tail_sum, at[14 * LANES] = r.tail_min, at[15 * LANES] = r.tail_max;
            }
        }
        for (int lane = 0; lane < LANES; lane++)
            for (int k = 0; k < 16; k++) records[16 * (j + lane) + k] = record[k * LANES + lane];
    }
}

/* Floating point operations a second in fused multiply-adds of doubles, eight independent vectors at a time. */
typedef double vector __attribute__((vector_size(64)));

double peak(void)
{
    vector a[8], scale, shift;
    long turns = 3000000;
    for (int k = 0; k < 8; k++) scale[k] = 0.9999999, shift[k] = 1e-7;
    for (int k = 0; k < 8; k++) a[k] = scale + k;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < turns; i++)
        for (int k = 0; k < 8; k++) a[k] = a[k] * scale + shift;
    clock_gettime(CLOCK_MONOTONIC, &to);
    volatile double sink = 0.0;
    for (int k = 0; k < 8; k++) sink += a[k][0];
    return 2.0 * 8 * 8 * turns / ((to.tv_sec - from.tv_sec) + 1e-9 * (to.tv_nsec - from.tv_nsec));
}
