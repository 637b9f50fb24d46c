/* The experiment of plain.py in C: one trajectory after the other, the sharpness in closed form at each step.

A row of points is alpha, beta1, beta2, lambda1, lambda2, eta, clip, radius; a row of records is a Record of plain.py. */

#include <math.h>
#include <time.h>

/* Top eigenvalue of the arrowhead matrix with diagonal d0, d1, d2 and arms e1, e2 (O. K. Smith 1961). */
static double top(double d0, double d1, double d2, double e1, double e2)
{
    double mean = (d0 + d1 + d2) / 3.0;
    double b0 = d0 - mean, b1 = d1 - mean, b2 = d2 - mean;
    double size = sqrt((b0 * b0 + b1 * b1 + b2 * b2 + 2.0 * (e1 * e1 + e2 * e2)) / 6.0);
    double half = 0.5 * (b0 * b1 * b2 - e1 * e1 * b2 - e2 * e2 * b1) / (size * size * size);
    double angle = acos(fmin(fmax(half, -1.0), 1.0)) / 3.0;
    return mean + 2.0 * size * cos(angle);
}

void run_all(long n, long steps, const double *points, double *records)
{
    long tail = steps - steps / 10;
    for (long j = 0; j < n; j++) {
        const double *point = points + 8 * j;
        double alpha = point[0], beta1 = point[1], beta2 = point[2];
        double lambda1 = point[3], lambda2 = point[4], eta = point[5], clip = point[6], radius = point[7];
        double loss = 0.0, loss_max = -INFINITY, sharpness_max = -INFINITY;
        double tail_sum = 0.0, tail_min = INFINITY, tail_max = -INFINITY;
        long above = 0, crossings = 0, steps_above = 0, first_crossing = -1, flips = 0, first_flip = -1, rises = 0;
        for (long i = 0; i <= steps; i++) {
            double before = alpha, loss_before = loss;
            if (i > 0) {
                double error = lambda2 * (alpha * beta2 - 1.0);
                double slope = fmin(fmax(lambda1 * alpha * alpha * beta1, -clip), clip);
                double after = alpha - eta * (lambda1 * alpha * beta1 * beta1 + error * beta2);
                beta1 = fmin(fmax(beta1 - eta * slope, -radius), radius);
                beta2 = beta2 - eta * error * alpha;
                alpha = after;
            }
            double p1 = alpha * beta1, error = alpha * beta2 - 1.0;
            loss = 0.5 * lambda1 * p1 * p1 + 0.5 * lambda2 * error * error;
            double sharpness = top(lambda1 * beta1 * beta1 + lambda2 * beta2 * beta2, lambda1 * alpha * alpha,
                                   lambda2 * alpha * alpha, 2.0 * lambda1 * p1, lambda2 * (2.0 * alpha * beta2 - 1.0));
            double ratio = 0.5 * eta * sharpness;
            long unstable = ratio > 1.0;
            crossings += i > 0 && unstable && !above;
            steps_above += unstable;
            if (unstable && first_crossing < 0) first_crossing = i;
            above = unstable;
            if (alpha * before < 0.0) {
                flips += 1;
                if (first_flip < 0) first_flip = i;
            }
            rises += i > 0 && loss > loss_before;
            loss_max = fmax(loss_max, loss);
            sharpness_max = fmax(sharpness_max, sharpness);
            if (i > tail) {
                tail_sum += ratio;
                tail_min = fmin(tail_min, ratio);
                tail_max = fmax(tail_max, ratio);
            }
        }
        double record[16] = {alpha, beta1, beta2, loss, above, crossings, steps_above, first_crossing, flips, first_flip,
                             rises, loss_max, sharpness_max, tail_sum, tail_min, tail_max};
        for (int k = 0; k < 16; k++) records[16 * j + k] = record[k];
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
