/* Written by generate.py, which explains it; not to be changed by hand. */

#define PATHS(P) \
    P(0, 0, 0) \
    P(1, 1, 0) \
    P(2, 2, 0) \
    P(3, 3, 0) \
    P(0, 1, 1) \
    P(1, 0, 1) \
    P(1, 2, 1) \
    P(2, 1, 1) \
    P(2, 3, 1) \
    P(3, 2, 1) \
    P(0, 2, 2) \
    P(1, 1, 2) \
    P(1, 3, 2) \
    P(2, 0, 2) \
    P(2, 2, 2) \
    P(3, 1, 2) \
    P(3, 3, 2) \
    P(0, 3, 3) \
    P(1, 2, 3) \
    P(2, 1, 3) \
    P(2, 3, 3) \
    P(3, 0, 3) \
    P(3, 2, 3)

INLINE void NAME(harmonics)(const int degree, const REAL u0, const REAL u1,
                            const REAL u2, REAL *y, REAL (*dy)[3])
{
    if (degree >= 0) {
        y[0] = R(1.0);
        dy[0][0] = 0;
        dy[0][1] = 0;
        dy[0][2] = 0;
    }
    if (degree >= 1) {
        y[1] = R(1.7320508075688772) * u1;
        dy[1][0] = 0;
        dy[1][1] = R(1.7320508075688772);
        dy[1][2] = 0;
        y[2] = R(1.7320508075688772) * u2;
        dy[2][0] = 0;
        dy[2][1] = 0;
        dy[2][2] = R(1.7320508075688772);
        y[3] = R(1.7320508075688772) * u0;
        dy[3][0] = R(1.7320508075688772);
        dy[3][1] = 0;
        dy[3][2] = 0;
    }
    if (degree >= 2) {
        y[4] = R(3.872983346207417) * u0 * u1;
        dy[4][0] = R(3.872983346207417) * u1;
        dy[4][1] = R(3.872983346207417) * u0;
        dy[4][2] = 0;
        y[5] = R(3.872983346207417) * u1 * u2;
        dy[5][0] = 0;
        dy[5][1] = R(3.872983346207417) * u2;
        dy[5][2] = R(3.872983346207417) * u1;
        y[6] = R(2.23606797749979) * u2 * u2 + R(-1.118033988749895) * u0 * u0 + R(-1.118033988749895) * u1 * u1;
        dy[6][0] = R(-2.23606797749979) * u0;
        dy[6][1] = R(-2.23606797749979) * u1;
        dy[6][2] = R(4.47213595499958) * u2;
        y[7] = R(3.872983346207417) * u0 * u2;
        dy[7][0] = R(3.872983346207417) * u2;
        dy[7][1] = 0;
        dy[7][2] = R(3.872983346207417) * u0;
        y[8] = R(1.9364916731037085) * u0 * u0 + R(-1.9364916731037085) * u1 * u1;
        dy[8][0] = R(3.872983346207417) * u0;
        dy[8][1] = R(-3.872983346207417) * u1;
        dy[8][2] = 0;
    }
    if (degree >= 3) {
        y[9] = R(6.274950199005566) * u0 * u0 * u1 + R(-2.091650066335189) * u1 * u1 * u1;
        dy[9][0] = R(12.549900398011133) * u0 * u1;
        dy[9][1] = R(6.274950199005566) * u0 * u0 + R(-6.274950199005566) * u1 * u1;
        dy[9][2] = 0;
        y[10] = R(10.246950765959598) * u0 * u1 * u2;
        dy[10][0] = R(10.246950765959598) * u1 * u2;
        dy[10][1] = R(10.246950765959598) * u0 * u2;
        dy[10][2] = R(10.246950765959598) * u0 * u1;
        y[11] = R(6.48074069840786) * u1 * u2 * u2 + R(-1.620185174601965) * u0 * u0 * u1 + R(-1.620185174601965) * u1 * u1 * u1;
        dy[11][0] = R(-3.24037034920393) * u0 * u1;
        dy[11][1] = R(6.48074069840786) * u2 * u2 + R(-1.620185174601965) * u0 * u0 + R(-4.860555523805895) * u1 * u1;
        dy[11][2] = R(12.96148139681572) * u1 * u2;
        y[12] = R(2.6457513110645907) * u2 * u2 * u2 + R(-3.968626966596886) * u0 * u0 * u2 + R(-3.968626966596886) * u1 * u1 * u2;
        dy[12][0] = R(-7.937253933193772) * u0 * u2;
        dy[12][1] = R(-7.937253933193772) * u1 * u2;
        dy[12][2] = R(7.937253933193772) * u2 * u2 + R(-3.968626966596886) * u0 * u0 + R(-3.968626966596886) * u1 * u1;
        y[13] = R(6.48074069840786) * u0 * u2 * u2 + R(-1.620185174601965) * u0 * u0 * u0 + R(-1.620185174601965) * u0 * u1 * u1;
        dy[13][0] = R(6.48074069840786) * u2 * u2 + R(-4.860555523805895) * u0 * u0 + R(-1.620185174601965) * u1 * u1;
        dy[13][1] = R(-3.24037034920393) * u0 * u1;
        dy[13][2] = R(12.96148139681572) * u0 * u2;
        y[14] = R(5.123475382979799) * u0 * u0 * u2 + R(-5.123475382979799) * u1 * u1 * u2;
        dy[14][0] = R(10.246950765959598) * u0 * u2;
        dy[14][1] = R(-10.246950765959598) * u1 * u2;
        dy[14][2] = R(5.123475382979799) * u0 * u0 + R(-5.123475382979799) * u1 * u1;
        y[15] = R(2.091650066335189) * u0 * u0 * u0 + R(-6.274950199005566) * u0 * u1 * u1;
        dy[15][0] = R(6.274950199005566) * u0 * u0 + R(-6.274950199005566) * u1 * u1;
        dy[15][1] = R(-12.549900398011133) * u0 * u1;
        dy[15][2] = 0;
    }
}
APART void NAME(forward_0_0_0)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
    }
}
APART void NAME(dual_forward_0_0_0)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0)) * y[0];
    const REAL md0_0 = R((1.0)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
    }
}
APART void NAME(backward_0_0_0)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0)) * y[0];
    VEC n0_0 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[0] += R((1.0)) * n0_0;
}
APART void NAME(parameters_0_0_0)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_0_0_0)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0)) * y[0];
    const REAL md0_0 = R((1.0)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_1_0)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.5773502691896256)) * y[1];
    const REAL m1_0 = R((0.5773502691896256)) * y[2];
    const REAL m2_0 = R((0.5773502691896258)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0));
    }
}
APART void NAME(dual_forward_1_1_0)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.5773502691896256)) * y[1];
    const REAL m1_0 = R((0.5773502691896256)) * y[2];
    const REAL m2_0 = R((0.5773502691896258)) * y[3];
    const REAL md0_0 = R((0.5773502691896256)) * yd[1];
    const REAL md1_0 = R((0.5773502691896256)) * yd[2];
    const REAL md2_0 = R((0.5773502691896258)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0) + wd * t0);
    }
}
APART void NAME(backward_1_1_0)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.5773502691896256)) * y[1];
    const REAL m1_0 = R((0.5773502691896256)) * y[2];
    const REAL m2_0 = R((0.5773502691896258)) * y[3];
    VEC n0_0 = {0};
    VEC n1_0 = {0};
    VEC n2_0 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((0.5773502691896256)) * n0_0;
    gy[2] += R((0.5773502691896256)) * n1_0;
    gy[3] += R((0.5773502691896258)) * n2_0;
}
APART void NAME(parameters_1_1_0)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.5773502691896256)) * y[1];
    const REAL m1_0 = R((0.5773502691896256)) * y[2];
    const REAL m2_0 = R((0.5773502691896258)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_1_0)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.5773502691896256)) * y[1];
    const REAL m1_0 = R((0.5773502691896256)) * y[2];
    const REAL m2_0 = R((0.5773502691896258)) * y[3];
    const REAL md0_0 = R((0.5773502691896256)) * yd[1];
    const REAL md1_0 = R((0.5773502691896256)) * yd[2];
    const REAL md2_0 = R((0.5773502691896258)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0;
            const VEC p = g0 * m1_0 + gd0 * md1_0;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0;
            const VEC p = g0 * m2_0 + gd0 * md2_0;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_2_0)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.44721359549995787)) * y[4];
    const REAL m1_0 = R((0.447213595499958)) * y[5];
    const REAL m2_0 = R((0.44721359549995815)) * y[6];
    const REAL m3_0 = R((0.44721359549995787)) * y[7];
    const REAL m4_0 = R((0.44721359549995776)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0));
    }
}
APART void NAME(dual_forward_2_2_0)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.44721359549995787)) * y[4];
    const REAL m1_0 = R((0.447213595499958)) * y[5];
    const REAL m2_0 = R((0.44721359549995815)) * y[6];
    const REAL m3_0 = R((0.44721359549995787)) * y[7];
    const REAL m4_0 = R((0.44721359549995776)) * y[8];
    const REAL md0_0 = R((0.44721359549995787)) * yd[4];
    const REAL md1_0 = R((0.447213595499958)) * yd[5];
    const REAL md2_0 = R((0.44721359549995815)) * yd[6];
    const REAL md3_0 = R((0.44721359549995787)) * yd[7];
    const REAL md4_0 = R((0.44721359549995776)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0) + wd * t0);
    }
}
APART void NAME(backward_2_2_0)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.44721359549995787)) * y[4];
    const REAL m1_0 = R((0.447213595499958)) * y[5];
    const REAL m2_0 = R((0.44721359549995815)) * y[6];
    const REAL m3_0 = R((0.44721359549995787)) * y[7];
    const REAL m4_0 = R((0.44721359549995776)) * y[8];
    VEC n0_0 = {0};
    VEC n1_0 = {0};
    VEC n2_0 = {0};
    VEC n3_0 = {0};
    VEC n4_0 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((0.44721359549995787)) * n0_0;
    gy[5] += R((0.447213595499958)) * n1_0;
    gy[6] += R((0.44721359549995815)) * n2_0;
    gy[7] += R((0.44721359549995787)) * n3_0;
    gy[8] += R((0.44721359549995776)) * n4_0;
}
APART void NAME(parameters_2_2_0)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.44721359549995787)) * y[4];
    const REAL m1_0 = R((0.447213595499958)) * y[5];
    const REAL m2_0 = R((0.44721359549995815)) * y[6];
    const REAL m3_0 = R((0.44721359549995787)) * y[7];
    const REAL m4_0 = R((0.44721359549995776)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_2_0)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.44721359549995787)) * y[4];
    const REAL m1_0 = R((0.447213595499958)) * y[5];
    const REAL m2_0 = R((0.44721359549995815)) * y[6];
    const REAL m3_0 = R((0.44721359549995787)) * y[7];
    const REAL m4_0 = R((0.44721359549995776)) * y[8];
    const REAL md0_0 = R((0.44721359549995787)) * yd[4];
    const REAL md1_0 = R((0.447213595499958)) * yd[5];
    const REAL md2_0 = R((0.44721359549995815)) * yd[6];
    const REAL md3_0 = R((0.44721359549995787)) * yd[7];
    const REAL md4_0 = R((0.44721359549995776)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0;
            const VEC p = g0 * m1_0 + gd0 * md1_0;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0;
            const VEC p = g0 * m2_0 + gd0 * md2_0;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0;
            const VEC p = g0 * m3_0 + gd0 * md3_0;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0;
            const VEC p = g0 * m4_0 + gd0 * md4_0;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_3_0)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.37796447300922764)) * y[9];
    const REAL m1_0 = R((0.37796447300922703)) * y[10];
    const REAL m2_0 = R((0.3779644730092271)) * y[11];
    const REAL m3_0 = R((0.37796447300922714)) * y[12];
    const REAL m4_0 = R((0.3779644730092271)) * y[13];
    const REAL m5_0 = R((0.37796447300922764)) * y[14];
    const REAL m6_0 = R((0.37796447300922703)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x5 * m5_0 + x6 * m6_0));
    }
}
APART void NAME(dual_forward_3_3_0)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.37796447300922764)) * y[9];
    const REAL m1_0 = R((0.37796447300922703)) * y[10];
    const REAL m2_0 = R((0.3779644730092271)) * y[11];
    const REAL m3_0 = R((0.37796447300922714)) * y[12];
    const REAL m4_0 = R((0.3779644730092271)) * y[13];
    const REAL m5_0 = R((0.37796447300922764)) * y[14];
    const REAL m6_0 = R((0.37796447300922703)) * y[15];
    const REAL md0_0 = R((0.37796447300922764)) * yd[9];
    const REAL md1_0 = R((0.37796447300922703)) * yd[10];
    const REAL md2_0 = R((0.3779644730092271)) * yd[11];
    const REAL md3_0 = R((0.37796447300922714)) * yd[12];
    const REAL md4_0 = R((0.3779644730092271)) * yd[13];
    const REAL md5_0 = R((0.37796447300922764)) * yd[14];
    const REAL md6_0 = R((0.37796447300922703)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x5 * m5_0 + x6 * m6_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + xd5 * m5_0 + xd6 * m6_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0 + x5 * md5_0 + x6 * md6_0) + wd * t0);
    }
}
APART void NAME(backward_3_3_0)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.37796447300922764)) * y[9];
    const REAL m1_0 = R((0.37796447300922703)) * y[10];
    const REAL m2_0 = R((0.3779644730092271)) * y[11];
    const REAL m3_0 = R((0.37796447300922714)) * y[12];
    const REAL m4_0 = R((0.3779644730092271)) * y[13];
    const REAL m5_0 = R((0.37796447300922764)) * y[14];
    const REAL m6_0 = R((0.37796447300922703)) * y[15];
    VEC n0_0 = {0};
    VEC n1_0 = {0};
    VEC n2_0 = {0};
    VEC n3_0 = {0};
    VEC n4_0 = {0};
    VEC n5_0 = {0};
    VEC n6_0 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g0 * m5_0;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g0 * m6_0;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_0 += xw * g0;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((0.37796447300922764)) * n0_0;
    gy[10] += R((0.37796447300922703)) * n1_0;
    gy[11] += R((0.3779644730092271)) * n2_0;
    gy[12] += R((0.37796447300922714)) * n3_0;
    gy[13] += R((0.3779644730092271)) * n4_0;
    gy[14] += R((0.37796447300922764)) * n5_0;
    gy[15] += R((0.37796447300922703)) * n6_0;
}
APART void NAME(parameters_3_3_0)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.37796447300922764)) * y[9];
    const REAL m1_0 = R((0.37796447300922703)) * y[10];
    const REAL m2_0 = R((0.3779644730092271)) * y[11];
    const REAL m3_0 = R((0.37796447300922714)) * y[12];
    const REAL m4_0 = R((0.3779644730092271)) * y[13];
    const REAL m5_0 = R((0.37796447300922764)) * y[14];
    const REAL m6_0 = R((0.37796447300922703)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g0 * m5_0;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g0 * m6_0;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_3_0)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.37796447300922764)) * y[9];
    const REAL m1_0 = R((0.37796447300922703)) * y[10];
    const REAL m2_0 = R((0.3779644730092271)) * y[11];
    const REAL m3_0 = R((0.37796447300922714)) * y[12];
    const REAL m4_0 = R((0.3779644730092271)) * y[13];
    const REAL m5_0 = R((0.37796447300922764)) * y[14];
    const REAL m6_0 = R((0.37796447300922703)) * y[15];
    const REAL md0_0 = R((0.37796447300922764)) * yd[9];
    const REAL md1_0 = R((0.37796447300922703)) * yd[10];
    const REAL md2_0 = R((0.3779644730092271)) * yd[11];
    const REAL md3_0 = R((0.37796447300922714)) * yd[12];
    const REAL md4_0 = R((0.3779644730092271)) * yd[13];
    const REAL md5_0 = R((0.37796447300922764)) * yd[14];
    const REAL md6_0 = R((0.37796447300922703)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0;
            const VEC p = g0 * m1_0 + gd0 * md1_0;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0;
            const VEC p = g0 * m2_0 + gd0 * md2_0;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0;
            const VEC p = g0 * m3_0 + gd0 * md3_0;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0;
            const VEC p = g0 * m4_0 + gd0 * md4_0;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m5_0;
            const VEC p = g0 * m5_0 + gd0 * md5_0;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m6_0;
            const VEC p = g0 * m6_0 + gd0 * md6_0;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_0_1_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[1];
    const REAL m0_1 = R((0.9999999999999999)) * y[2];
    const REAL m0_2 = R((1.0000000000000002)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2));
    }
}
APART void NAME(dual_forward_0_1_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[1];
    const REAL m0_1 = R((0.9999999999999999)) * y[2];
    const REAL m0_2 = R((1.0000000000000002)) * y[3];
    const REAL md0_0 = R((0.9999999999999999)) * yd[1];
    const REAL md0_1 = R((0.9999999999999999)) * yd[2];
    const REAL md0_2 = R((1.0000000000000002)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x0 * m0_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + x0 * md0_1) + wd * t1);
        const VEC t2 = x0 * m0_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + x0 * md0_2) + wd * t2);
    }
}
APART void NAME(backward_0_1_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[1];
    const REAL m0_1 = R((0.9999999999999999)) * y[2];
    const REAL m0_2 = R((1.0000000000000002)) * y[3];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((0.9999999999999999)) * n0_0;
    gy[2] += R((0.9999999999999999)) * n0_1;
    gy[3] += R((1.0000000000000002)) * n0_2;
}
APART void NAME(parameters_0_1_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[1];
    const REAL m0_1 = R((0.9999999999999999)) * y[2];
    const REAL m0_2 = R((1.0000000000000002)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_0_1_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[1];
    const REAL m0_1 = R((0.9999999999999999)) * y[2];
    const REAL m0_2 = R((1.0000000000000002)) * y[3];
    const REAL md0_0 = R((0.9999999999999999)) * yd[1];
    const REAL md0_1 = R((0.9999999999999999)) * yd[2];
    const REAL md0_2 = R((1.0000000000000002)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_0_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[0];
    const REAL m1_1 = R((0.9999999999999999)) * y[0];
    const REAL m2_2 = R((1.0000000000000002)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1));
        ADD(a + 2 * ca + u, w * (x2 * m2_2));
    }
}
APART void NAME(dual_forward_1_0_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[0];
    const REAL m1_1 = R((0.9999999999999999)) * y[0];
    const REAL m2_2 = R((1.0000000000000002)) * y[0];
    const REAL md0_0 = R((0.9999999999999999)) * yd[0];
    const REAL md1_1 = R((0.9999999999999999)) * yd[0];
    const REAL md2_2 = R((1.0000000000000002)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x1 * m1_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + x1 * md1_1) + wd * t1);
        const VEC t2 = x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd2 * m2_2 + x2 * md2_2) + wd * t2);
    }
}
APART void NAME(backward_1_0_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[0];
    const REAL m1_1 = R((0.9999999999999999)) * y[0];
    const REAL m2_2 = R((1.0000000000000002)) * y[0];
    VEC n0_0 = {0};
    VEC n1_1 = {0};
    VEC n2_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[0] += R((0.9999999999999999)) * n0_0 + R((0.9999999999999999)) * n1_1 + R((1.0000000000000002)) * n2_2;
}
APART void NAME(parameters_1_0_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[0];
    const REAL m1_1 = R((0.9999999999999999)) * y[0];
    const REAL m2_2 = R((1.0000000000000002)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_0_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999999)) * y[0];
    const REAL m1_1 = R((0.9999999999999999)) * y[0];
    const REAL m2_2 = R((1.0000000000000002)) * y[0];
    const REAL md0_0 = R((0.9999999999999999)) * yd[0];
    const REAL md1_1 = R((0.9999999999999999)) * yd[0];
    const REAL md2_2 = R((1.0000000000000002)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1;
            const VEC p = g1 * m1_1 + gd1 * md1_1;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd2 * m2_2;
            const VEC p = g2 * m2_2 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_2_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.3162277660168379)) * y[6] + R((-0.5477225575051662)) * y[8];
    const REAL m0_1 = R((0.5477225575051662)) * y[5];
    const REAL m0_2 = R((0.5477225575051661)) * y[4];
    const REAL m1_0 = R((0.5477225575051662)) * y[5];
    const REAL m1_1 = R((0.6324555320336763)) * y[6];
    const REAL m1_2 = R((0.547722557505166)) * y[7];
    const REAL m2_0 = R((0.547722557505166)) * y[4];
    const REAL m2_1 = R((0.547722557505166)) * y[7];
    const REAL m2_2 = R((-0.3162277660168379)) * y[6] + R((0.5477225575051659)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2));
    }
}
APART void NAME(dual_forward_1_2_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.3162277660168379)) * y[6] + R((-0.5477225575051662)) * y[8];
    const REAL m0_1 = R((0.5477225575051662)) * y[5];
    const REAL m0_2 = R((0.5477225575051661)) * y[4];
    const REAL m1_0 = R((0.5477225575051662)) * y[5];
    const REAL m1_1 = R((0.6324555320336763)) * y[6];
    const REAL m1_2 = R((0.547722557505166)) * y[7];
    const REAL m2_0 = R((0.547722557505166)) * y[4];
    const REAL m2_1 = R((0.547722557505166)) * y[7];
    const REAL m2_2 = R((-0.3162277660168379)) * y[6] + R((0.5477225575051659)) * y[8];
    const REAL md0_0 = R((-0.3162277660168379)) * yd[6] + R((-0.5477225575051662)) * yd[8];
    const REAL md0_1 = R((0.5477225575051662)) * yd[5];
    const REAL md0_2 = R((0.5477225575051661)) * yd[4];
    const REAL md1_0 = R((0.5477225575051662)) * yd[5];
    const REAL md1_1 = R((0.6324555320336763)) * yd[6];
    const REAL md1_2 = R((0.547722557505166)) * yd[7];
    const REAL md2_0 = R((0.547722557505166)) * yd[4];
    const REAL md2_1 = R((0.547722557505166)) * yd[7];
    const REAL md2_2 = R((-0.3162277660168379)) * yd[6] + R((0.5477225575051659)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2) + wd * t2);
    }
}
APART void NAME(backward_1_2_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.3162277660168379)) * y[6] + R((-0.5477225575051662)) * y[8];
    const REAL m0_1 = R((0.5477225575051662)) * y[5];
    const REAL m0_2 = R((0.5477225575051661)) * y[4];
    const REAL m1_0 = R((0.5477225575051662)) * y[5];
    const REAL m1_1 = R((0.6324555320336763)) * y[6];
    const REAL m1_2 = R((0.547722557505166)) * y[7];
    const REAL m2_0 = R((0.547722557505166)) * y[4];
    const REAL m2_1 = R((0.547722557505166)) * y[7];
    const REAL m2_2 = R((-0.3162277660168379)) * y[6] + R((0.5477225575051659)) * y[8];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((0.5477225575051661)) * n0_2 + R((0.547722557505166)) * n2_0;
    gy[5] += R((0.5477225575051662)) * n0_1 + R((0.5477225575051662)) * n1_0;
    gy[6] += R((-0.3162277660168379)) * n0_0 + R((0.6324555320336763)) * n1_1 + R((-0.3162277660168379)) * n2_2;
    gy[7] += R((0.547722557505166)) * n1_2 + R((0.547722557505166)) * n2_1;
    gy[8] += R((-0.5477225575051662)) * n0_0 + R((0.5477225575051659)) * n2_2;
}
APART void NAME(parameters_1_2_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.3162277660168379)) * y[6] + R((-0.5477225575051662)) * y[8];
    const REAL m0_1 = R((0.5477225575051662)) * y[5];
    const REAL m0_2 = R((0.5477225575051661)) * y[4];
    const REAL m1_0 = R((0.5477225575051662)) * y[5];
    const REAL m1_1 = R((0.6324555320336763)) * y[6];
    const REAL m1_2 = R((0.547722557505166)) * y[7];
    const REAL m2_0 = R((0.547722557505166)) * y[4];
    const REAL m2_1 = R((0.547722557505166)) * y[7];
    const REAL m2_2 = R((-0.3162277660168379)) * y[6] + R((0.5477225575051659)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_2_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.3162277660168379)) * y[6] + R((-0.5477225575051662)) * y[8];
    const REAL m0_1 = R((0.5477225575051662)) * y[5];
    const REAL m0_2 = R((0.5477225575051661)) * y[4];
    const REAL m1_0 = R((0.5477225575051662)) * y[5];
    const REAL m1_1 = R((0.6324555320336763)) * y[6];
    const REAL m1_2 = R((0.547722557505166)) * y[7];
    const REAL m2_0 = R((0.547722557505166)) * y[4];
    const REAL m2_1 = R((0.547722557505166)) * y[7];
    const REAL m2_2 = R((-0.3162277660168379)) * y[6] + R((0.5477225575051659)) * y[8];
    const REAL md0_0 = R((-0.3162277660168379)) * yd[6] + R((-0.5477225575051662)) * yd[8];
    const REAL md0_1 = R((0.5477225575051662)) * yd[5];
    const REAL md0_2 = R((0.5477225575051661)) * yd[4];
    const REAL md1_0 = R((0.5477225575051662)) * yd[5];
    const REAL md1_1 = R((0.6324555320336763)) * yd[6];
    const REAL md1_2 = R((0.547722557505166)) * yd[7];
    const REAL md2_0 = R((0.547722557505166)) * yd[4];
    const REAL md2_1 = R((0.547722557505166)) * yd[7];
    const REAL md2_2 = R((-0.3162277660168379)) * yd[6] + R((0.5477225575051659)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_1_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.547722557505166)) * y[3];
    const REAL m0_2 = R((0.5477225575051661)) * y[1];
    const REAL m1_0 = R((0.5477225575051662)) * y[2];
    const REAL m1_1 = R((0.5477225575051662)) * y[1];
    const REAL m2_0 = R((-0.3162277660168379)) * y[1];
    const REAL m2_1 = R((0.6324555320336763)) * y[2];
    const REAL m2_2 = R((-0.3162277660168379)) * y[3];
    const REAL m3_1 = R((0.547722557505166)) * y[3];
    const REAL m3_2 = R((0.547722557505166)) * y[2];
    const REAL m4_0 = R((-0.5477225575051662)) * y[1];
    const REAL m4_2 = R((0.5477225575051659)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1 + x2 * m2_1 + x3 * m3_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2));
    }
}
APART void NAME(dual_forward_2_1_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.547722557505166)) * y[3];
    const REAL m0_2 = R((0.5477225575051661)) * y[1];
    const REAL m1_0 = R((0.5477225575051662)) * y[2];
    const REAL m1_1 = R((0.5477225575051662)) * y[1];
    const REAL m2_0 = R((-0.3162277660168379)) * y[1];
    const REAL m2_1 = R((0.6324555320336763)) * y[2];
    const REAL m2_2 = R((-0.3162277660168379)) * y[3];
    const REAL m3_1 = R((0.547722557505166)) * y[3];
    const REAL m3_2 = R((0.547722557505166)) * y[2];
    const REAL m4_0 = R((-0.5477225575051662)) * y[1];
    const REAL m4_2 = R((0.5477225575051659)) * y[3];
    const REAL md0_0 = R((0.547722557505166)) * yd[3];
    const REAL md0_2 = R((0.5477225575051661)) * yd[1];
    const REAL md1_0 = R((0.5477225575051662)) * yd[2];
    const REAL md1_1 = R((0.5477225575051662)) * yd[1];
    const REAL md2_0 = R((-0.3162277660168379)) * yd[1];
    const REAL md2_1 = R((0.6324555320336763)) * yd[2];
    const REAL md2_2 = R((-0.3162277660168379)) * yd[3];
    const REAL md3_1 = R((0.547722557505166)) * yd[3];
    const REAL md3_2 = R((0.547722557505166)) * yd[2];
    const REAL md4_0 = R((-0.5477225575051662)) * yd[1];
    const REAL md4_2 = R((0.5477225575051659)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd4 * m4_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x4 * md4_0) + wd * t0);
        const VEC t1 = x1 * m1_1 + x2 * m2_1 + x3 * m3_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + x0 * md0_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2) + wd * t2);
    }
}
APART void NAME(backward_2_1_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.547722557505166)) * y[3];
    const REAL m0_2 = R((0.5477225575051661)) * y[1];
    const REAL m1_0 = R((0.5477225575051662)) * y[2];
    const REAL m1_1 = R((0.5477225575051662)) * y[1];
    const REAL m2_0 = R((-0.3162277660168379)) * y[1];
    const REAL m2_1 = R((0.6324555320336763)) * y[2];
    const REAL m2_2 = R((-0.3162277660168379)) * y[3];
    const REAL m3_1 = R((0.547722557505166)) * y[3];
    const REAL m3_2 = R((0.547722557505166)) * y[2];
    const REAL m4_0 = R((-0.5477225575051662)) * y[1];
    const REAL m4_2 = R((0.5477225575051659)) * y[3];
    VEC n0_0 = {0};
    VEC n0_2 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n4_0 = {0};
    VEC n4_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g2 * m0_2;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g1 * m3_1 + g2 * m3_2;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_1 += xw * g1;
            n3_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g2 * m4_2;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((0.5477225575051661)) * n0_2 + R((0.5477225575051662)) * n1_1 + R((-0.3162277660168379)) * n2_0 + R((-0.5477225575051662)) * n4_0;
    gy[2] += R((0.5477225575051662)) * n1_0 + R((0.6324555320336763)) * n2_1 + R((0.547722557505166)) * n3_2;
    gy[3] += R((0.547722557505166)) * n0_0 + R((-0.3162277660168379)) * n2_2 + R((0.547722557505166)) * n3_1 + R((0.5477225575051659)) * n4_2;
}
APART void NAME(parameters_2_1_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.547722557505166)) * y[3];
    const REAL m0_2 = R((0.5477225575051661)) * y[1];
    const REAL m1_0 = R((0.5477225575051662)) * y[2];
    const REAL m1_1 = R((0.5477225575051662)) * y[1];
    const REAL m2_0 = R((-0.3162277660168379)) * y[1];
    const REAL m2_1 = R((0.6324555320336763)) * y[2];
    const REAL m2_2 = R((-0.3162277660168379)) * y[3];
    const REAL m3_1 = R((0.547722557505166)) * y[3];
    const REAL m3_2 = R((0.547722557505166)) * y[2];
    const REAL m4_0 = R((-0.5477225575051662)) * y[1];
    const REAL m4_2 = R((0.5477225575051659)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g2 * m0_2;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g1 * m3_1 + g2 * m3_2;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g2 * m4_2;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_1_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.547722557505166)) * y[3];
    const REAL m0_2 = R((0.5477225575051661)) * y[1];
    const REAL m1_0 = R((0.5477225575051662)) * y[2];
    const REAL m1_1 = R((0.5477225575051662)) * y[1];
    const REAL m2_0 = R((-0.3162277660168379)) * y[1];
    const REAL m2_1 = R((0.6324555320336763)) * y[2];
    const REAL m2_2 = R((-0.3162277660168379)) * y[3];
    const REAL m3_1 = R((0.547722557505166)) * y[3];
    const REAL m3_2 = R((0.547722557505166)) * y[2];
    const REAL m4_0 = R((-0.5477225575051662)) * y[1];
    const REAL m4_2 = R((0.5477225575051659)) * y[3];
    const REAL md0_0 = R((0.547722557505166)) * yd[3];
    const REAL md0_2 = R((0.5477225575051661)) * yd[1];
    const REAL md1_0 = R((0.5477225575051662)) * yd[2];
    const REAL md1_1 = R((0.5477225575051662)) * yd[1];
    const REAL md2_0 = R((-0.3162277660168379)) * yd[1];
    const REAL md2_1 = R((0.6324555320336763)) * yd[2];
    const REAL md2_2 = R((-0.3162277660168379)) * yd[3];
    const REAL md3_1 = R((0.547722557505166)) * yd[3];
    const REAL md3_2 = R((0.547722557505166)) * yd[2];
    const REAL md4_0 = R((-0.5477225575051662)) * yd[1];
    const REAL md4_2 = R((0.5477225575051659)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd2 * m0_2;
            const VEC p = g0 * m0_0 + g2 * m0_2 + gd0 * md0_0 + gd2 * md0_2;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1;
            const VEC p = g0 * m1_0 + g1 * m1_1 + gd0 * md1_0 + gd1 * md1_1;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m3_1 + gd2 * m3_2;
            const VEC p = g1 * m3_1 + g2 * m3_2 + gd1 * md3_1 + gd2 * md3_2;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd2 * m4_2;
            const VEC p = g0 * m4_0 + g2 * m4_2 + gd0 * md4_0 + gd2 * md4_2;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_3_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.11952286093343936)) * y[13] + R((-0.4629100498862751)) * y[15];
    const REAL m0_1 = R((0.377964473009227)) * y[10];
    const REAL m0_2 = R((0.4629100498862759)) * y[9] + R((-0.11952286093343936)) * y[11];
    const REAL m1_0 = R((-0.29277002188456036)) * y[12] + R((-0.37796447300922764)) * y[14];
    const REAL m1_1 = R((0.478091443733757)) * y[11];
    const REAL m1_2 = R((0.3779644730092269)) * y[10];
    const REAL m2_0 = R((0.41403933560541245)) * y[11];
    const REAL m2_1 = R((0.5070925528371096)) * y[12];
    const REAL m2_2 = R((0.4140393356054125)) * y[13];
    const REAL m3_0 = R((0.377964473009227)) * y[10];
    const REAL m3_1 = R((0.478091443733757)) * y[13];
    const REAL m3_2 = R((-0.29277002188456014)) * y[12] + R((0.37796447300922764)) * y[14];
    const REAL m4_0 = R((0.4629100498862767)) * y[9] + R((0.11952286093343957)) * y[11];
    const REAL m4_1 = R((0.37796447300922764)) * y[14];
    const REAL m4_2 = R((-0.11952286093343956)) * y[13] + R((0.4629100498862761)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2));
    }
}
APART void NAME(dual_forward_2_3_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.11952286093343936)) * y[13] + R((-0.4629100498862751)) * y[15];
    const REAL m0_1 = R((0.377964473009227)) * y[10];
    const REAL m0_2 = R((0.4629100498862759)) * y[9] + R((-0.11952286093343936)) * y[11];
    const REAL m1_0 = R((-0.29277002188456036)) * y[12] + R((-0.37796447300922764)) * y[14];
    const REAL m1_1 = R((0.478091443733757)) * y[11];
    const REAL m1_2 = R((0.3779644730092269)) * y[10];
    const REAL m2_0 = R((0.41403933560541245)) * y[11];
    const REAL m2_1 = R((0.5070925528371096)) * y[12];
    const REAL m2_2 = R((0.4140393356054125)) * y[13];
    const REAL m3_0 = R((0.377964473009227)) * y[10];
    const REAL m3_1 = R((0.478091443733757)) * y[13];
    const REAL m3_2 = R((-0.29277002188456014)) * y[12] + R((0.37796447300922764)) * y[14];
    const REAL m4_0 = R((0.4629100498862767)) * y[9] + R((0.11952286093343957)) * y[11];
    const REAL m4_1 = R((0.37796447300922764)) * y[14];
    const REAL m4_2 = R((-0.11952286093343956)) * y[13] + R((0.4629100498862761)) * y[15];
    const REAL md0_0 = R((-0.11952286093343936)) * yd[13] + R((-0.4629100498862751)) * yd[15];
    const REAL md0_1 = R((0.377964473009227)) * yd[10];
    const REAL md0_2 = R((0.4629100498862759)) * yd[9] + R((-0.11952286093343936)) * yd[11];
    const REAL md1_0 = R((-0.29277002188456036)) * yd[12] + R((-0.37796447300922764)) * yd[14];
    const REAL md1_1 = R((0.478091443733757)) * yd[11];
    const REAL md1_2 = R((0.3779644730092269)) * yd[10];
    const REAL md2_0 = R((0.41403933560541245)) * yd[11];
    const REAL md2_1 = R((0.5070925528371096)) * yd[12];
    const REAL md2_2 = R((0.4140393356054125)) * yd[13];
    const REAL md3_0 = R((0.377964473009227)) * yd[10];
    const REAL md3_1 = R((0.478091443733757)) * yd[13];
    const REAL md3_2 = R((-0.29277002188456014)) * yd[12] + R((0.37796447300922764)) * yd[14];
    const REAL md4_0 = R((0.4629100498862767)) * yd[9] + R((0.11952286093343957)) * yd[11];
    const REAL md4_1 = R((0.37796447300922764)) * yd[14];
    const REAL md4_2 = R((-0.11952286093343956)) * yd[13] + R((0.4629100498862761)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + xd4 * m4_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1 + x4 * md4_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2) + wd * t2);
    }
}
APART void NAME(backward_2_3_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.11952286093343936)) * y[13] + R((-0.4629100498862751)) * y[15];
    const REAL m0_1 = R((0.377964473009227)) * y[10];
    const REAL m0_2 = R((0.4629100498862759)) * y[9] + R((-0.11952286093343936)) * y[11];
    const REAL m1_0 = R((-0.29277002188456036)) * y[12] + R((-0.37796447300922764)) * y[14];
    const REAL m1_1 = R((0.478091443733757)) * y[11];
    const REAL m1_2 = R((0.3779644730092269)) * y[10];
    const REAL m2_0 = R((0.41403933560541245)) * y[11];
    const REAL m2_1 = R((0.5070925528371096)) * y[12];
    const REAL m2_2 = R((0.4140393356054125)) * y[13];
    const REAL m3_0 = R((0.377964473009227)) * y[10];
    const REAL m3_1 = R((0.478091443733757)) * y[13];
    const REAL m3_2 = R((-0.29277002188456014)) * y[12] + R((0.37796447300922764)) * y[14];
    const REAL m4_0 = R((0.4629100498862767)) * y[9] + R((0.11952286093343957)) * y[11];
    const REAL m4_1 = R((0.37796447300922764)) * y[14];
    const REAL m4_2 = R((-0.11952286093343956)) * y[13] + R((0.4629100498862761)) * y[15];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n3_0 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n4_0 = {0};
    VEC n4_1 = {0};
    VEC n4_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
            n3_1 += xw * g1;
            n3_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_1 += xw * g1;
            n4_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((0.4629100498862759)) * n0_2 + R((0.4629100498862767)) * n4_0;
    gy[10] += R((0.377964473009227)) * n0_1 + R((0.3779644730092269)) * n1_2 + R((0.377964473009227)) * n3_0;
    gy[11] += R((-0.11952286093343936)) * n0_2 + R((0.478091443733757)) * n1_1 + R((0.41403933560541245)) * n2_0 + R((0.11952286093343957)) * n4_0;
    gy[12] += R((-0.29277002188456036)) * n1_0 + R((0.5070925528371096)) * n2_1 + R((-0.29277002188456014)) * n3_2;
    gy[13] += R((-0.11952286093343936)) * n0_0 + R((0.4140393356054125)) * n2_2 + R((0.478091443733757)) * n3_1 + R((-0.11952286093343956)) * n4_2;
    gy[14] += R((-0.37796447300922764)) * n1_0 + R((0.37796447300922764)) * n3_2 + R((0.37796447300922764)) * n4_1;
    gy[15] += R((-0.4629100498862751)) * n0_0 + R((0.4629100498862761)) * n4_2;
}
APART void NAME(parameters_2_3_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.11952286093343936)) * y[13] + R((-0.4629100498862751)) * y[15];
    const REAL m0_1 = R((0.377964473009227)) * y[10];
    const REAL m0_2 = R((0.4629100498862759)) * y[9] + R((-0.11952286093343936)) * y[11];
    const REAL m1_0 = R((-0.29277002188456036)) * y[12] + R((-0.37796447300922764)) * y[14];
    const REAL m1_1 = R((0.478091443733757)) * y[11];
    const REAL m1_2 = R((0.3779644730092269)) * y[10];
    const REAL m2_0 = R((0.41403933560541245)) * y[11];
    const REAL m2_1 = R((0.5070925528371096)) * y[12];
    const REAL m2_2 = R((0.4140393356054125)) * y[13];
    const REAL m3_0 = R((0.377964473009227)) * y[10];
    const REAL m3_1 = R((0.478091443733757)) * y[13];
    const REAL m3_2 = R((-0.29277002188456014)) * y[12] + R((0.37796447300922764)) * y[14];
    const REAL m4_0 = R((0.4629100498862767)) * y[9] + R((0.11952286093343957)) * y[11];
    const REAL m4_1 = R((0.37796447300922764)) * y[14];
    const REAL m4_2 = R((-0.11952286093343956)) * y[13] + R((0.4629100498862761)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_3_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.11952286093343936)) * y[13] + R((-0.4629100498862751)) * y[15];
    const REAL m0_1 = R((0.377964473009227)) * y[10];
    const REAL m0_2 = R((0.4629100498862759)) * y[9] + R((-0.11952286093343936)) * y[11];
    const REAL m1_0 = R((-0.29277002188456036)) * y[12] + R((-0.37796447300922764)) * y[14];
    const REAL m1_1 = R((0.478091443733757)) * y[11];
    const REAL m1_2 = R((0.3779644730092269)) * y[10];
    const REAL m2_0 = R((0.41403933560541245)) * y[11];
    const REAL m2_1 = R((0.5070925528371096)) * y[12];
    const REAL m2_2 = R((0.4140393356054125)) * y[13];
    const REAL m3_0 = R((0.377964473009227)) * y[10];
    const REAL m3_1 = R((0.478091443733757)) * y[13];
    const REAL m3_2 = R((-0.29277002188456014)) * y[12] + R((0.37796447300922764)) * y[14];
    const REAL m4_0 = R((0.4629100498862767)) * y[9] + R((0.11952286093343957)) * y[11];
    const REAL m4_1 = R((0.37796447300922764)) * y[14];
    const REAL m4_2 = R((-0.11952286093343956)) * y[13] + R((0.4629100498862761)) * y[15];
    const REAL md0_0 = R((-0.11952286093343936)) * yd[13] + R((-0.4629100498862751)) * yd[15];
    const REAL md0_1 = R((0.377964473009227)) * yd[10];
    const REAL md0_2 = R((0.4629100498862759)) * yd[9] + R((-0.11952286093343936)) * yd[11];
    const REAL md1_0 = R((-0.29277002188456036)) * yd[12] + R((-0.37796447300922764)) * yd[14];
    const REAL md1_1 = R((0.478091443733757)) * yd[11];
    const REAL md1_2 = R((0.3779644730092269)) * yd[10];
    const REAL md2_0 = R((0.41403933560541245)) * yd[11];
    const REAL md2_1 = R((0.5070925528371096)) * yd[12];
    const REAL md2_2 = R((0.4140393356054125)) * yd[13];
    const REAL md3_0 = R((0.377964473009227)) * yd[10];
    const REAL md3_1 = R((0.478091443733757)) * yd[13];
    const REAL md3_2 = R((-0.29277002188456014)) * yd[12] + R((0.37796447300922764)) * yd[14];
    const REAL md4_0 = R((0.4629100498862767)) * yd[9] + R((0.11952286093343957)) * yd[11];
    const REAL md4_1 = R((0.37796447300922764)) * yd[14];
    const REAL md4_2 = R((-0.11952286093343956)) * yd[13] + R((0.4629100498862761)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0 + gd1 * m3_1 + gd2 * m3_2;
            const VEC p = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + gd0 * md3_0 + gd1 * md3_1 + gd2 * md3_2;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd1 * m4_1 + gd2 * m4_2;
            const VEC p = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + gd0 * md4_0 + gd1 * md4_1 + gd2 * md4_2;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_2_1)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.4629100498862767)) * y[8];
    const REAL m0_2 = R((0.46291004988627593)) * y[4];
    const REAL m1_0 = R((0.377964473009227)) * y[7];
    const REAL m1_1 = R((0.377964473009227)) * y[4];
    const REAL m1_2 = R((0.377964473009227)) * y[5];
    const REAL m2_0 = R((0.41403933560541245)) * y[6] + R((0.11952286093343957)) * y[8];
    const REAL m2_1 = R((0.478091443733757)) * y[5];
    const REAL m2_2 = R((-0.11952286093343933)) * y[4];
    const REAL m3_0 = R((-0.29277002188456036)) * y[5];
    const REAL m3_1 = R((0.5070925528371096)) * y[6];
    const REAL m3_2 = R((-0.2927700218845602)) * y[7];
    const REAL m4_0 = R((-0.11952286093343936)) * y[4];
    const REAL m4_1 = R((0.47809144373375706)) * y[7];
    const REAL m4_2 = R((0.4140393356054126)) * y[6] + R((-0.11952286093343958)) * y[8];
    const REAL m5_0 = R((-0.37796447300922764)) * y[5];
    const REAL m5_1 = R((0.37796447300922753)) * y[8];
    const REAL m5_2 = R((0.37796447300922764)) * y[7];
    const REAL m6_0 = R((-0.4629100498862751)) * y[4];
    const REAL m6_2 = R((0.4629100498862761)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x5 * m5_0 + x6 * m6_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x5 * m5_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x5 * m5_2 + x6 * m6_2));
    }
}
APART void NAME(dual_forward_3_2_1)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.4629100498862767)) * y[8];
    const REAL m0_2 = R((0.46291004988627593)) * y[4];
    const REAL m1_0 = R((0.377964473009227)) * y[7];
    const REAL m1_1 = R((0.377964473009227)) * y[4];
    const REAL m1_2 = R((0.377964473009227)) * y[5];
    const REAL m2_0 = R((0.41403933560541245)) * y[6] + R((0.11952286093343957)) * y[8];
    const REAL m2_1 = R((0.478091443733757)) * y[5];
    const REAL m2_2 = R((-0.11952286093343933)) * y[4];
    const REAL m3_0 = R((-0.29277002188456036)) * y[5];
    const REAL m3_1 = R((0.5070925528371096)) * y[6];
    const REAL m3_2 = R((-0.2927700218845602)) * y[7];
    const REAL m4_0 = R((-0.11952286093343936)) * y[4];
    const REAL m4_1 = R((0.47809144373375706)) * y[7];
    const REAL m4_2 = R((0.4140393356054126)) * y[6] + R((-0.11952286093343958)) * y[8];
    const REAL m5_0 = R((-0.37796447300922764)) * y[5];
    const REAL m5_1 = R((0.37796447300922753)) * y[8];
    const REAL m5_2 = R((0.37796447300922764)) * y[7];
    const REAL m6_0 = R((-0.4629100498862751)) * y[4];
    const REAL m6_2 = R((0.4629100498862761)) * y[8];
    const REAL md0_0 = R((0.4629100498862767)) * yd[8];
    const REAL md0_2 = R((0.46291004988627593)) * yd[4];
    const REAL md1_0 = R((0.377964473009227)) * yd[7];
    const REAL md1_1 = R((0.377964473009227)) * yd[4];
    const REAL md1_2 = R((0.377964473009227)) * yd[5];
    const REAL md2_0 = R((0.41403933560541245)) * yd[6] + R((0.11952286093343957)) * yd[8];
    const REAL md2_1 = R((0.478091443733757)) * yd[5];
    const REAL md2_2 = R((-0.11952286093343933)) * yd[4];
    const REAL md3_0 = R((-0.29277002188456036)) * yd[5];
    const REAL md3_1 = R((0.5070925528371096)) * yd[6];
    const REAL md3_2 = R((-0.2927700218845602)) * yd[7];
    const REAL md4_0 = R((-0.11952286093343936)) * yd[4];
    const REAL md4_1 = R((0.47809144373375706)) * yd[7];
    const REAL md4_2 = R((0.4140393356054126)) * yd[6] + R((-0.11952286093343958)) * yd[8];
    const REAL md5_0 = R((-0.37796447300922764)) * yd[5];
    const REAL md5_1 = R((0.37796447300922753)) * yd[8];
    const REAL md5_2 = R((0.37796447300922764)) * yd[7];
    const REAL md6_0 = R((-0.4629100498862751)) * yd[4];
    const REAL md6_2 = R((0.4629100498862761)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x5 * m5_0 + x6 * m6_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + xd5 * m5_0 + xd6 * m6_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0 + x5 * md5_0 + x6 * md6_0) + wd * t0);
        const VEC t1 = x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x5 * m5_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + xd4 * m4_1 + xd5 * m5_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1 + x4 * md4_1 + x5 * md5_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x5 * m5_2 + x6 * m6_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + xd5 * m5_2 + xd6 * m6_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2 + x5 * md5_2 + x6 * md6_2) + wd * t2);
    }
}
APART void NAME(backward_3_2_1)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.4629100498862767)) * y[8];
    const REAL m0_2 = R((0.46291004988627593)) * y[4];
    const REAL m1_0 = R((0.377964473009227)) * y[7];
    const REAL m1_1 = R((0.377964473009227)) * y[4];
    const REAL m1_2 = R((0.377964473009227)) * y[5];
    const REAL m2_0 = R((0.41403933560541245)) * y[6] + R((0.11952286093343957)) * y[8];
    const REAL m2_1 = R((0.478091443733757)) * y[5];
    const REAL m2_2 = R((-0.11952286093343933)) * y[4];
    const REAL m3_0 = R((-0.29277002188456036)) * y[5];
    const REAL m3_1 = R((0.5070925528371096)) * y[6];
    const REAL m3_2 = R((-0.2927700218845602)) * y[7];
    const REAL m4_0 = R((-0.11952286093343936)) * y[4];
    const REAL m4_1 = R((0.47809144373375706)) * y[7];
    const REAL m4_2 = R((0.4140393356054126)) * y[6] + R((-0.11952286093343958)) * y[8];
    const REAL m5_0 = R((-0.37796447300922764)) * y[5];
    const REAL m5_1 = R((0.37796447300922753)) * y[8];
    const REAL m5_2 = R((0.37796447300922764)) * y[7];
    const REAL m6_0 = R((-0.4629100498862751)) * y[4];
    const REAL m6_2 = R((0.4629100498862761)) * y[8];
    VEC n0_0 = {0};
    VEC n0_2 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n3_0 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n4_0 = {0};
    VEC n4_1 = {0};
    VEC n4_2 = {0};
    VEC n5_0 = {0};
    VEC n5_1 = {0};
    VEC n5_2 = {0};
    VEC n6_0 = {0};
    VEC n6_2 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g2 * m0_2;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
            n3_1 += xw * g1;
            n3_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_1 += xw * g1;
            n4_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g0 * m5_0 + g1 * m5_1 + g2 * m5_2;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_0 += xw * g0;
            n5_1 += xw * g1;
            n5_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g0 * m6_0 + g2 * m6_2;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_0 += xw * g0;
            n6_2 += xw * g2;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((0.46291004988627593)) * n0_2 + R((0.377964473009227)) * n1_1 + R((-0.11952286093343933)) * n2_2 + R((-0.11952286093343936)) * n4_0 + R((-0.4629100498862751)) * n6_0;
    gy[5] += R((0.377964473009227)) * n1_2 + R((0.478091443733757)) * n2_1 + R((-0.29277002188456036)) * n3_0 + R((-0.37796447300922764)) * n5_0;
    gy[6] += R((0.41403933560541245)) * n2_0 + R((0.5070925528371096)) * n3_1 + R((0.4140393356054126)) * n4_2;
    gy[7] += R((0.377964473009227)) * n1_0 + R((-0.2927700218845602)) * n3_2 + R((0.47809144373375706)) * n4_1 + R((0.37796447300922764)) * n5_2;
    gy[8] += R((0.4629100498862767)) * n0_0 + R((0.11952286093343957)) * n2_0 + R((-0.11952286093343958)) * n4_2 + R((0.37796447300922753)) * n5_1 + R((0.4629100498862761)) * n6_2;
}
APART void NAME(parameters_3_2_1)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.4629100498862767)) * y[8];
    const REAL m0_2 = R((0.46291004988627593)) * y[4];
    const REAL m1_0 = R((0.377964473009227)) * y[7];
    const REAL m1_1 = R((0.377964473009227)) * y[4];
    const REAL m1_2 = R((0.377964473009227)) * y[5];
    const REAL m2_0 = R((0.41403933560541245)) * y[6] + R((0.11952286093343957)) * y[8];
    const REAL m2_1 = R((0.478091443733757)) * y[5];
    const REAL m2_2 = R((-0.11952286093343933)) * y[4];
    const REAL m3_0 = R((-0.29277002188456036)) * y[5];
    const REAL m3_1 = R((0.5070925528371096)) * y[6];
    const REAL m3_2 = R((-0.2927700218845602)) * y[7];
    const REAL m4_0 = R((-0.11952286093343936)) * y[4];
    const REAL m4_1 = R((0.47809144373375706)) * y[7];
    const REAL m4_2 = R((0.4140393356054126)) * y[6] + R((-0.11952286093343958)) * y[8];
    const REAL m5_0 = R((-0.37796447300922764)) * y[5];
    const REAL m5_1 = R((0.37796447300922753)) * y[8];
    const REAL m5_2 = R((0.37796447300922764)) * y[7];
    const REAL m6_0 = R((-0.4629100498862751)) * y[4];
    const REAL m6_2 = R((0.4629100498862761)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g2 * m0_2;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g0 * m5_0 + g1 * m5_1 + g2 * m5_2;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g0 * m6_0 + g2 * m6_2;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_2_1)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.4629100498862767)) * y[8];
    const REAL m0_2 = R((0.46291004988627593)) * y[4];
    const REAL m1_0 = R((0.377964473009227)) * y[7];
    const REAL m1_1 = R((0.377964473009227)) * y[4];
    const REAL m1_2 = R((0.377964473009227)) * y[5];
    const REAL m2_0 = R((0.41403933560541245)) * y[6] + R((0.11952286093343957)) * y[8];
    const REAL m2_1 = R((0.478091443733757)) * y[5];
    const REAL m2_2 = R((-0.11952286093343933)) * y[4];
    const REAL m3_0 = R((-0.29277002188456036)) * y[5];
    const REAL m3_1 = R((0.5070925528371096)) * y[6];
    const REAL m3_2 = R((-0.2927700218845602)) * y[7];
    const REAL m4_0 = R((-0.11952286093343936)) * y[4];
    const REAL m4_1 = R((0.47809144373375706)) * y[7];
    const REAL m4_2 = R((0.4140393356054126)) * y[6] + R((-0.11952286093343958)) * y[8];
    const REAL m5_0 = R((-0.37796447300922764)) * y[5];
    const REAL m5_1 = R((0.37796447300922753)) * y[8];
    const REAL m5_2 = R((0.37796447300922764)) * y[7];
    const REAL m6_0 = R((-0.4629100498862751)) * y[4];
    const REAL m6_2 = R((0.4629100498862761)) * y[8];
    const REAL md0_0 = R((0.4629100498862767)) * yd[8];
    const REAL md0_2 = R((0.46291004988627593)) * yd[4];
    const REAL md1_0 = R((0.377964473009227)) * yd[7];
    const REAL md1_1 = R((0.377964473009227)) * yd[4];
    const REAL md1_2 = R((0.377964473009227)) * yd[5];
    const REAL md2_0 = R((0.41403933560541245)) * yd[6] + R((0.11952286093343957)) * yd[8];
    const REAL md2_1 = R((0.478091443733757)) * yd[5];
    const REAL md2_2 = R((-0.11952286093343933)) * yd[4];
    const REAL md3_0 = R((-0.29277002188456036)) * yd[5];
    const REAL md3_1 = R((0.5070925528371096)) * yd[6];
    const REAL md3_2 = R((-0.2927700218845602)) * yd[7];
    const REAL md4_0 = R((-0.11952286093343936)) * yd[4];
    const REAL md4_1 = R((0.47809144373375706)) * yd[7];
    const REAL md4_2 = R((0.4140393356054126)) * yd[6] + R((-0.11952286093343958)) * yd[8];
    const REAL md5_0 = R((-0.37796447300922764)) * yd[5];
    const REAL md5_1 = R((0.37796447300922753)) * yd[8];
    const REAL md5_2 = R((0.37796447300922764)) * yd[7];
    const REAL md6_0 = R((-0.4629100498862751)) * yd[4];
    const REAL md6_2 = R((0.4629100498862761)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd2 * m0_2;
            const VEC p = g0 * m0_0 + g2 * m0_2 + gd0 * md0_0 + gd2 * md0_2;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0 + gd1 * m3_1 + gd2 * m3_2;
            const VEC p = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + gd0 * md3_0 + gd1 * md3_1 + gd2 * md3_2;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd1 * m4_1 + gd2 * m4_2;
            const VEC p = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + gd0 * md4_0 + gd1 * md4_1 + gd2 * md4_2;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m5_0 + gd1 * m5_1 + gd2 * m5_2;
            const VEC p = g0 * m5_0 + g1 * m5_1 + g2 * m5_2 + gd0 * md5_0 + gd1 * md5_1 + gd2 * md5_2;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m6_0 + gd2 * m6_2;
            const VEC p = g0 * m6_0 + g2 * m6_2 + gd0 * md6_0 + gd2 * md6_2;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_0_2_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[4];
    const REAL m0_1 = R((1.0)) * y[5];
    const REAL m0_2 = R((1.0000000000000004)) * y[6];
    const REAL m0_3 = R((0.9999999999999998)) * y[7];
    const REAL m0_4 = R((0.9999999999999996)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4));
    }
}
APART void NAME(dual_forward_0_2_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[4];
    const REAL m0_1 = R((1.0)) * y[5];
    const REAL m0_2 = R((1.0000000000000004)) * y[6];
    const REAL m0_3 = R((0.9999999999999998)) * y[7];
    const REAL m0_4 = R((0.9999999999999996)) * y[8];
    const REAL md0_0 = R((0.9999999999999998)) * yd[4];
    const REAL md0_1 = R((1.0)) * yd[5];
    const REAL md0_2 = R((1.0000000000000004)) * yd[6];
    const REAL md0_3 = R((0.9999999999999998)) * yd[7];
    const REAL md0_4 = R((0.9999999999999996)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x0 * m0_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + x0 * md0_1) + wd * t1);
        const VEC t2 = x0 * m0_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + x0 * md0_2) + wd * t2);
        const VEC t3 = x0 * m0_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + x0 * md0_3) + wd * t3);
        const VEC t4 = x0 * m0_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + x0 * md0_4) + wd * t4);
    }
}
APART void NAME(backward_0_2_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[4];
    const REAL m0_1 = R((1.0)) * y[5];
    const REAL m0_2 = R((1.0000000000000004)) * y[6];
    const REAL m0_3 = R((0.9999999999999998)) * y[7];
    const REAL m0_4 = R((0.9999999999999996)) * y[8];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((0.9999999999999998)) * n0_0;
    gy[5] += R((1.0)) * n0_1;
    gy[6] += R((1.0000000000000004)) * n0_2;
    gy[7] += R((0.9999999999999998)) * n0_3;
    gy[8] += R((0.9999999999999996)) * n0_4;
}
APART void NAME(parameters_0_2_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[4];
    const REAL m0_1 = R((1.0)) * y[5];
    const REAL m0_2 = R((1.0000000000000004)) * y[6];
    const REAL m0_3 = R((0.9999999999999998)) * y[7];
    const REAL m0_4 = R((0.9999999999999996)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_0_2_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[4];
    const REAL m0_1 = R((1.0)) * y[5];
    const REAL m0_2 = R((1.0000000000000004)) * y[6];
    const REAL m0_3 = R((0.9999999999999998)) * y[7];
    const REAL m0_4 = R((0.9999999999999996)) * y[8];
    const REAL md0_0 = R((0.9999999999999998)) * yd[4];
    const REAL md0_1 = R((1.0)) * yd[5];
    const REAL md0_2 = R((1.0000000000000004)) * yd[6];
    const REAL md0_3 = R((0.9999999999999998)) * yd[7];
    const REAL md0_4 = R((0.9999999999999996)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_1_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865474)) * y[3];
    const REAL m0_1 = R((0.7071067811865475)) * y[2];
    const REAL m0_2 = R((-0.40824829046386285)) * y[1];
    const REAL m0_4 = R((-0.7071067811865475)) * y[1];
    const REAL m1_1 = R((0.7071067811865475)) * y[1];
    const REAL m1_2 = R((0.8164965809277267)) * y[2];
    const REAL m1_3 = R((0.7071067811865474)) * y[3];
    const REAL m2_0 = R((0.7071067811865474)) * y[1];
    const REAL m2_2 = R((-0.4082482904638629)) * y[3];
    const REAL m2_3 = R((0.7071067811865474)) * y[2];
    const REAL m2_4 = R((0.7071067811865471)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x2 * m2_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2));
        ADD(a + 3 * ca + u, w * (x1 * m1_3 + x2 * m2_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x2 * m2_4));
    }
}
APART void NAME(dual_forward_1_1_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865474)) * y[3];
    const REAL m0_1 = R((0.7071067811865475)) * y[2];
    const REAL m0_2 = R((-0.40824829046386285)) * y[1];
    const REAL m0_4 = R((-0.7071067811865475)) * y[1];
    const REAL m1_1 = R((0.7071067811865475)) * y[1];
    const REAL m1_2 = R((0.8164965809277267)) * y[2];
    const REAL m1_3 = R((0.7071067811865474)) * y[3];
    const REAL m2_0 = R((0.7071067811865474)) * y[1];
    const REAL m2_2 = R((-0.4082482904638629)) * y[3];
    const REAL m2_3 = R((0.7071067811865474)) * y[2];
    const REAL m2_4 = R((0.7071067811865471)) * y[3];
    const REAL md0_0 = R((0.7071067811865474)) * yd[3];
    const REAL md0_1 = R((0.7071067811865475)) * yd[2];
    const REAL md0_2 = R((-0.40824829046386285)) * yd[1];
    const REAL md0_4 = R((-0.7071067811865475)) * yd[1];
    const REAL md1_1 = R((0.7071067811865475)) * yd[1];
    const REAL md1_2 = R((0.8164965809277267)) * yd[2];
    const REAL md1_3 = R((0.7071067811865474)) * yd[3];
    const REAL md2_0 = R((0.7071067811865474)) * yd[1];
    const REAL md2_2 = R((-0.4082482904638629)) * yd[3];
    const REAL md2_3 = R((0.7071067811865474)) * yd[2];
    const REAL md2_4 = R((0.7071067811865471)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0 + x2 * m2_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd2 * m2_0 + x0 * md0_0 + x2 * md2_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + x0 * md0_1 + x1 * md1_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2) + wd * t2);
        const VEC t3 = x1 * m1_3 + x2 * m2_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd1 * m1_3 + xd2 * m2_3 + x1 * md1_3 + x2 * md2_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x2 * m2_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd2 * m2_4 + x0 * md0_4 + x2 * md2_4) + wd * t4);
    }
}
APART void NAME(backward_1_1_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865474)) * y[3];
    const REAL m0_1 = R((0.7071067811865475)) * y[2];
    const REAL m0_2 = R((-0.40824829046386285)) * y[1];
    const REAL m0_4 = R((-0.7071067811865475)) * y[1];
    const REAL m1_1 = R((0.7071067811865475)) * y[1];
    const REAL m1_2 = R((0.8164965809277267)) * y[2];
    const REAL m1_3 = R((0.7071067811865474)) * y[3];
    const REAL m2_0 = R((0.7071067811865474)) * y[1];
    const REAL m2_2 = R((-0.4082482904638629)) * y[3];
    const REAL m2_3 = R((0.7071067811865474)) * y[2];
    const REAL m2_4 = R((0.7071067811865471)) * y[3];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_4 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n2_0 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((-0.40824829046386285)) * n0_2 + R((-0.7071067811865475)) * n0_4 + R((0.7071067811865475)) * n1_1 + R((0.7071067811865474)) * n2_0;
    gy[2] += R((0.7071067811865475)) * n0_1 + R((0.8164965809277267)) * n1_2 + R((0.7071067811865474)) * n2_3;
    gy[3] += R((0.7071067811865474)) * n0_0 + R((0.7071067811865474)) * n1_3 + R((-0.4082482904638629)) * n2_2 + R((0.7071067811865471)) * n2_4;
}
APART void NAME(parameters_1_1_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865474)) * y[3];
    const REAL m0_1 = R((0.7071067811865475)) * y[2];
    const REAL m0_2 = R((-0.40824829046386285)) * y[1];
    const REAL m0_4 = R((-0.7071067811865475)) * y[1];
    const REAL m1_1 = R((0.7071067811865475)) * y[1];
    const REAL m1_2 = R((0.8164965809277267)) * y[2];
    const REAL m1_3 = R((0.7071067811865474)) * y[3];
    const REAL m2_0 = R((0.7071067811865474)) * y[1];
    const REAL m2_2 = R((-0.4082482904638629)) * y[3];
    const REAL m2_3 = R((0.7071067811865474)) * y[2];
    const REAL m2_4 = R((0.7071067811865471)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_1_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865474)) * y[3];
    const REAL m0_1 = R((0.7071067811865475)) * y[2];
    const REAL m0_2 = R((-0.40824829046386285)) * y[1];
    const REAL m0_4 = R((-0.7071067811865475)) * y[1];
    const REAL m1_1 = R((0.7071067811865475)) * y[1];
    const REAL m1_2 = R((0.8164965809277267)) * y[2];
    const REAL m1_3 = R((0.7071067811865474)) * y[3];
    const REAL m2_0 = R((0.7071067811865474)) * y[1];
    const REAL m2_2 = R((-0.4082482904638629)) * y[3];
    const REAL m2_3 = R((0.7071067811865474)) * y[2];
    const REAL m2_4 = R((0.7071067811865471)) * y[3];
    const REAL md0_0 = R((0.7071067811865474)) * yd[3];
    const REAL md0_1 = R((0.7071067811865475)) * yd[2];
    const REAL md0_2 = R((-0.40824829046386285)) * yd[1];
    const REAL md0_4 = R((-0.7071067811865475)) * yd[1];
    const REAL md1_1 = R((0.7071067811865475)) * yd[1];
    const REAL md1_2 = R((0.8164965809277267)) * yd[2];
    const REAL md1_3 = R((0.7071067811865474)) * yd[3];
    const REAL md2_0 = R((0.7071067811865474)) * yd[1];
    const REAL md2_2 = R((-0.4082482904638629)) * yd[3];
    const REAL md2_3 = R((0.7071067811865474)) * yd[2];
    const REAL md2_4 = R((0.7071067811865471)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd4 * m0_4;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd4 * md0_4;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3;
            const VEC p = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4;
            const VEC p = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + gd0 * md2_0 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_3_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.1543033499620919)) * y[13] + R((-0.5976143046671959)) * y[15];
    const REAL m0_1 = R((-0.3779644730092277)) * y[12] + R((-0.48795003647426705)) * y[14];
    const REAL m0_2 = R((0.5345224838248487)) * y[11];
    const REAL m0_3 = R((0.4879500364742662)) * y[10];
    const REAL m0_4 = R((0.597614304667198)) * y[9] + R((0.15430334996209216)) * y[11];
    const REAL m1_0 = R((0.4879500364742662)) * y[10];
    const REAL m1_1 = R((0.617213399848367)) * y[11];
    const REAL m1_2 = R((0.6546536707079766)) * y[12];
    const REAL m1_3 = R((0.6172133998483671)) * y[13];
    const REAL m1_4 = R((0.487950036474267)) * y[14];
    const REAL m2_0 = R((0.597614304667197)) * y[9] + R((-0.15430334996209186)) * y[11];
    const REAL m2_1 = R((0.4879500364742662)) * y[10];
    const REAL m2_2 = R((0.5345224838248488)) * y[13];
    const REAL m2_3 = R((-0.37796447300922753)) * y[12] + R((0.48795003647426705)) * y[14];
    const REAL m2_4 = R((-0.1543033499620922)) * y[13] + R((0.5976143046671972)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3 + x1 * m1_3 + x2 * m2_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x1 * m1_4 + x2 * m2_4));
    }
}
APART void NAME(dual_forward_1_3_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.1543033499620919)) * y[13] + R((-0.5976143046671959)) * y[15];
    const REAL m0_1 = R((-0.3779644730092277)) * y[12] + R((-0.48795003647426705)) * y[14];
    const REAL m0_2 = R((0.5345224838248487)) * y[11];
    const REAL m0_3 = R((0.4879500364742662)) * y[10];
    const REAL m0_4 = R((0.597614304667198)) * y[9] + R((0.15430334996209216)) * y[11];
    const REAL m1_0 = R((0.4879500364742662)) * y[10];
    const REAL m1_1 = R((0.617213399848367)) * y[11];
    const REAL m1_2 = R((0.6546536707079766)) * y[12];
    const REAL m1_3 = R((0.6172133998483671)) * y[13];
    const REAL m1_4 = R((0.487950036474267)) * y[14];
    const REAL m2_0 = R((0.597614304667197)) * y[9] + R((-0.15430334996209186)) * y[11];
    const REAL m2_1 = R((0.4879500364742662)) * y[10];
    const REAL m2_2 = R((0.5345224838248488)) * y[13];
    const REAL m2_3 = R((-0.37796447300922753)) * y[12] + R((0.48795003647426705)) * y[14];
    const REAL m2_4 = R((-0.1543033499620922)) * y[13] + R((0.5976143046671972)) * y[15];
    const REAL md0_0 = R((-0.1543033499620919)) * yd[13] + R((-0.5976143046671959)) * yd[15];
    const REAL md0_1 = R((-0.3779644730092277)) * yd[12] + R((-0.48795003647426705)) * yd[14];
    const REAL md0_2 = R((0.5345224838248487)) * yd[11];
    const REAL md0_3 = R((0.4879500364742662)) * yd[10];
    const REAL md0_4 = R((0.597614304667198)) * yd[9] + R((0.15430334996209216)) * yd[11];
    const REAL md1_0 = R((0.4879500364742662)) * yd[10];
    const REAL md1_1 = R((0.617213399848367)) * yd[11];
    const REAL md1_2 = R((0.6546536707079766)) * yd[12];
    const REAL md1_3 = R((0.6172133998483671)) * yd[13];
    const REAL md1_4 = R((0.487950036474267)) * yd[14];
    const REAL md2_0 = R((0.597614304667197)) * yd[9] + R((-0.15430334996209186)) * yd[11];
    const REAL md2_1 = R((0.4879500364742662)) * yd[10];
    const REAL md2_2 = R((0.5345224838248488)) * yd[13];
    const REAL md2_3 = R((-0.37796447300922753)) * yd[12] + R((0.48795003647426705)) * yd[14];
    const REAL md2_4 = R((-0.1543033499620922)) * yd[13] + R((0.5976143046671972)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2) + wd * t2);
        const VEC t3 = x0 * m0_3 + x1 * m1_3 + x2 * m2_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + xd1 * m1_3 + xd2 * m2_3 + x0 * md0_3 + x1 * md1_3 + x2 * md2_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x1 * m1_4 + x2 * m2_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd1 * m1_4 + xd2 * m2_4 + x0 * md0_4 + x1 * md1_4 + x2 * md2_4) + wd * t4);
    }
}
APART void NAME(backward_1_3_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.1543033499620919)) * y[13] + R((-0.5976143046671959)) * y[15];
    const REAL m0_1 = R((-0.3779644730092277)) * y[12] + R((-0.48795003647426705)) * y[14];
    const REAL m0_2 = R((0.5345224838248487)) * y[11];
    const REAL m0_3 = R((0.4879500364742662)) * y[10];
    const REAL m0_4 = R((0.597614304667198)) * y[9] + R((0.15430334996209216)) * y[11];
    const REAL m1_0 = R((0.4879500364742662)) * y[10];
    const REAL m1_1 = R((0.617213399848367)) * y[11];
    const REAL m1_2 = R((0.6546536707079766)) * y[12];
    const REAL m1_3 = R((0.6172133998483671)) * y[13];
    const REAL m1_4 = R((0.487950036474267)) * y[14];
    const REAL m2_0 = R((0.597614304667197)) * y[9] + R((-0.15430334996209186)) * y[11];
    const REAL m2_1 = R((0.4879500364742662)) * y[10];
    const REAL m2_2 = R((0.5345224838248488)) * y[13];
    const REAL m2_3 = R((-0.37796447300922753)) * y[12] + R((0.48795003647426705)) * y[14];
    const REAL m2_4 = R((-0.1543033499620922)) * y[13] + R((0.5976143046671972)) * y[15];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_4 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((0.597614304667198)) * n0_4 + R((0.597614304667197)) * n2_0;
    gy[10] += R((0.4879500364742662)) * n0_3 + R((0.4879500364742662)) * n1_0 + R((0.4879500364742662)) * n2_1;
    gy[11] += R((0.5345224838248487)) * n0_2 + R((0.15430334996209216)) * n0_4 + R((0.617213399848367)) * n1_1 + R((-0.15430334996209186)) * n2_0;
    gy[12] += R((-0.3779644730092277)) * n0_1 + R((0.6546536707079766)) * n1_2 + R((-0.37796447300922753)) * n2_3;
    gy[13] += R((-0.1543033499620919)) * n0_0 + R((0.6172133998483671)) * n1_3 + R((0.5345224838248488)) * n2_2 + R((-0.1543033499620922)) * n2_4;
    gy[14] += R((-0.48795003647426705)) * n0_1 + R((0.487950036474267)) * n1_4 + R((0.48795003647426705)) * n2_3;
    gy[15] += R((-0.5976143046671959)) * n0_0 + R((0.5976143046671972)) * n2_4;
}
APART void NAME(parameters_1_3_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.1543033499620919)) * y[13] + R((-0.5976143046671959)) * y[15];
    const REAL m0_1 = R((-0.3779644730092277)) * y[12] + R((-0.48795003647426705)) * y[14];
    const REAL m0_2 = R((0.5345224838248487)) * y[11];
    const REAL m0_3 = R((0.4879500364742662)) * y[10];
    const REAL m0_4 = R((0.597614304667198)) * y[9] + R((0.15430334996209216)) * y[11];
    const REAL m1_0 = R((0.4879500364742662)) * y[10];
    const REAL m1_1 = R((0.617213399848367)) * y[11];
    const REAL m1_2 = R((0.6546536707079766)) * y[12];
    const REAL m1_3 = R((0.6172133998483671)) * y[13];
    const REAL m1_4 = R((0.487950036474267)) * y[14];
    const REAL m2_0 = R((0.597614304667197)) * y[9] + R((-0.15430334996209186)) * y[11];
    const REAL m2_1 = R((0.4879500364742662)) * y[10];
    const REAL m2_2 = R((0.5345224838248488)) * y[13];
    const REAL m2_3 = R((-0.37796447300922753)) * y[12] + R((0.48795003647426705)) * y[14];
    const REAL m2_4 = R((-0.1543033499620922)) * y[13] + R((0.5976143046671972)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_3_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.1543033499620919)) * y[13] + R((-0.5976143046671959)) * y[15];
    const REAL m0_1 = R((-0.3779644730092277)) * y[12] + R((-0.48795003647426705)) * y[14];
    const REAL m0_2 = R((0.5345224838248487)) * y[11];
    const REAL m0_3 = R((0.4879500364742662)) * y[10];
    const REAL m0_4 = R((0.597614304667198)) * y[9] + R((0.15430334996209216)) * y[11];
    const REAL m1_0 = R((0.4879500364742662)) * y[10];
    const REAL m1_1 = R((0.617213399848367)) * y[11];
    const REAL m1_2 = R((0.6546536707079766)) * y[12];
    const REAL m1_3 = R((0.6172133998483671)) * y[13];
    const REAL m1_4 = R((0.487950036474267)) * y[14];
    const REAL m2_0 = R((0.597614304667197)) * y[9] + R((-0.15430334996209186)) * y[11];
    const REAL m2_1 = R((0.4879500364742662)) * y[10];
    const REAL m2_2 = R((0.5345224838248488)) * y[13];
    const REAL m2_3 = R((-0.37796447300922753)) * y[12] + R((0.48795003647426705)) * y[14];
    const REAL m2_4 = R((-0.1543033499620922)) * y[13] + R((0.5976143046671972)) * y[15];
    const REAL md0_0 = R((-0.1543033499620919)) * yd[13] + R((-0.5976143046671959)) * yd[15];
    const REAL md0_1 = R((-0.3779644730092277)) * yd[12] + R((-0.48795003647426705)) * yd[14];
    const REAL md0_2 = R((0.5345224838248487)) * yd[11];
    const REAL md0_3 = R((0.4879500364742662)) * yd[10];
    const REAL md0_4 = R((0.597614304667198)) * yd[9] + R((0.15430334996209216)) * yd[11];
    const REAL md1_0 = R((0.4879500364742662)) * yd[10];
    const REAL md1_1 = R((0.617213399848367)) * yd[11];
    const REAL md1_2 = R((0.6546536707079766)) * yd[12];
    const REAL md1_3 = R((0.6172133998483671)) * yd[13];
    const REAL md1_4 = R((0.487950036474267)) * yd[14];
    const REAL md2_0 = R((0.597614304667197)) * yd[9] + R((-0.15430334996209186)) * yd[11];
    const REAL md2_1 = R((0.4879500364742662)) * yd[10];
    const REAL md2_2 = R((0.5345224838248488)) * yd[13];
    const REAL md2_3 = R((-0.37796447300922753)) * yd[12] + R((0.48795003647426705)) * yd[14];
    const REAL md2_4 = R((-0.1543033499620922)) * yd[13] + R((0.5976143046671972)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3 + gd4 * m1_4;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3 + gd4 * md1_4;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_0_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[0];
    const REAL m1_1 = R((1.0)) * y[0];
    const REAL m2_2 = R((1.0000000000000004)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1));
        ADD(a + 2 * ca + u, w * (x2 * m2_2));
        ADD(a + 3 * ca + u, w * (x3 * m3_3));
        ADD(a + 4 * ca + u, w * (x4 * m4_4));
    }
}
APART void NAME(dual_forward_2_0_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[0];
    const REAL m1_1 = R((1.0)) * y[0];
    const REAL m2_2 = R((1.0000000000000004)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL md0_0 = R((0.9999999999999998)) * yd[0];
    const REAL md1_1 = R((1.0)) * yd[0];
    const REAL md2_2 = R((1.0000000000000004)) * yd[0];
    const REAL md3_3 = R((0.9999999999999998)) * yd[0];
    const REAL md4_4 = R((0.9999999999999996)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x1 * m1_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + x1 * md1_1) + wd * t1);
        const VEC t2 = x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd2 * m2_2 + x2 * md2_2) + wd * t2);
        const VEC t3 = x3 * m3_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd3 * m3_3 + x3 * md3_3) + wd * t3);
        const VEC t4 = x4 * m4_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd4 * m4_4 + x4 * md4_4) + wd * t4);
    }
}
APART void NAME(backward_2_0_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[0];
    const REAL m1_1 = R((1.0)) * y[0];
    const REAL m2_2 = R((1.0000000000000004)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    VEC n0_0 = {0};
    VEC n1_1 = {0};
    VEC n2_2 = {0};
    VEC n3_3 = {0};
    VEC n4_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g3 * m3_3;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g4 * m4_4;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[0] += R((0.9999999999999998)) * n0_0 + R((1.0)) * n1_1 + R((1.0000000000000004)) * n2_2 + R((0.9999999999999998)) * n3_3 + R((0.9999999999999996)) * n4_4;
}
APART void NAME(parameters_2_0_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[0];
    const REAL m1_1 = R((1.0)) * y[0];
    const REAL m2_2 = R((1.0000000000000004)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g3 * m3_3;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g4 * m4_4;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_0_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.9999999999999998)) * y[0];
    const REAL m1_1 = R((1.0)) * y[0];
    const REAL m2_2 = R((1.0000000000000004)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL md0_0 = R((0.9999999999999998)) * yd[0];
    const REAL md1_1 = R((1.0)) * yd[0];
    const REAL md2_2 = R((1.0000000000000004)) * yd[0];
    const REAL md3_3 = R((0.9999999999999998)) * yd[0];
    const REAL md4_4 = R((0.9999999999999996)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1;
            const VEC p = g1 * m1_1 + gd1 * md1_1;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd2 * m2_2;
            const VEC p = g2 * m2_2 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd3 * m3_3;
            const VEC p = g3 * m3_3 + gd3 * md3_3;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd4 * m4_4;
            const VEC p = g4 * m4_4 + gd4 * md4_4;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_2_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.5345224838248487)) * y[6];
    const REAL m0_1 = R((0.4629100498862755)) * y[7];
    const REAL m0_2 = R((-0.5345224838248487)) * y[4];
    const REAL m0_3 = R((0.4629100498862755)) * y[5];
    const REAL m1_0 = R((0.4629100498862755)) * y[7];
    const REAL m1_1 = R((0.26726124191242384)) * y[6] + R((-0.46291004988627604)) * y[8];
    const REAL m1_2 = R((0.26726124191242384)) * y[5];
    const REAL m1_3 = R((0.4629100498862755)) * y[4];
    const REAL m1_4 = R((-0.46291004988627593)) * y[5];
    const REAL m2_0 = R((-0.5345224838248487)) * y[4];
    const REAL m2_1 = R((0.26726124191242373)) * y[5];
    const REAL m2_2 = R((0.5345224838248481)) * y[6];
    const REAL m2_3 = R((0.26726124191242395)) * y[7];
    const REAL m2_4 = R((-0.5345224838248497)) * y[8];
    const REAL m3_0 = R((0.4629100498862755)) * y[5];
    const REAL m3_1 = R((0.4629100498862755)) * y[4];
    const REAL m3_2 = R((0.26726124191242395)) * y[7];
    const REAL m3_3 = R((0.26726124191242395)) * y[6] + R((0.4629100498862761)) * y[8];
    const REAL m3_4 = R((0.4629100498862761)) * y[7];
    const REAL m4_1 = R((-0.46291004988627593)) * y[5];
    const REAL m4_2 = R((-0.5345224838248495)) * y[8];
    const REAL m4_3 = R((0.4629100498862761)) * y[7];
    const REAL m4_4 = R((-0.5345224838248495)) * y[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3));
        ADD(a + 4 * ca + u, w * (x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4));
    }
}
APART void NAME(dual_forward_2_2_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.5345224838248487)) * y[6];
    const REAL m0_1 = R((0.4629100498862755)) * y[7];
    const REAL m0_2 = R((-0.5345224838248487)) * y[4];
    const REAL m0_3 = R((0.4629100498862755)) * y[5];
    const REAL m1_0 = R((0.4629100498862755)) * y[7];
    const REAL m1_1 = R((0.26726124191242384)) * y[6] + R((-0.46291004988627604)) * y[8];
    const REAL m1_2 = R((0.26726124191242384)) * y[5];
    const REAL m1_3 = R((0.4629100498862755)) * y[4];
    const REAL m1_4 = R((-0.46291004988627593)) * y[5];
    const REAL m2_0 = R((-0.5345224838248487)) * y[4];
    const REAL m2_1 = R((0.26726124191242373)) * y[5];
    const REAL m2_2 = R((0.5345224838248481)) * y[6];
    const REAL m2_3 = R((0.26726124191242395)) * y[7];
    const REAL m2_4 = R((-0.5345224838248497)) * y[8];
    const REAL m3_0 = R((0.4629100498862755)) * y[5];
    const REAL m3_1 = R((0.4629100498862755)) * y[4];
    const REAL m3_2 = R((0.26726124191242395)) * y[7];
    const REAL m3_3 = R((0.26726124191242395)) * y[6] + R((0.4629100498862761)) * y[8];
    const REAL m3_4 = R((0.4629100498862761)) * y[7];
    const REAL m4_1 = R((-0.46291004988627593)) * y[5];
    const REAL m4_2 = R((-0.5345224838248495)) * y[8];
    const REAL m4_3 = R((0.4629100498862761)) * y[7];
    const REAL m4_4 = R((-0.5345224838248495)) * y[6];
    const REAL md0_0 = R((-0.5345224838248487)) * yd[6];
    const REAL md0_1 = R((0.4629100498862755)) * yd[7];
    const REAL md0_2 = R((-0.5345224838248487)) * yd[4];
    const REAL md0_3 = R((0.4629100498862755)) * yd[5];
    const REAL md1_0 = R((0.4629100498862755)) * yd[7];
    const REAL md1_1 = R((0.26726124191242384)) * yd[6] + R((-0.46291004988627604)) * yd[8];
    const REAL md1_2 = R((0.26726124191242384)) * yd[5];
    const REAL md1_3 = R((0.4629100498862755)) * yd[4];
    const REAL md1_4 = R((-0.46291004988627593)) * yd[5];
    const REAL md2_0 = R((-0.5345224838248487)) * yd[4];
    const REAL md2_1 = R((0.26726124191242373)) * yd[5];
    const REAL md2_2 = R((0.5345224838248481)) * yd[6];
    const REAL md2_3 = R((0.26726124191242395)) * yd[7];
    const REAL md2_4 = R((-0.5345224838248497)) * yd[8];
    const REAL md3_0 = R((0.4629100498862755)) * yd[5];
    const REAL md3_1 = R((0.4629100498862755)) * yd[4];
    const REAL md3_2 = R((0.26726124191242395)) * yd[7];
    const REAL md3_3 = R((0.26726124191242395)) * yd[6] + R((0.4629100498862761)) * yd[8];
    const REAL md3_4 = R((0.4629100498862761)) * yd[7];
    const REAL md4_1 = R((-0.46291004988627593)) * yd[5];
    const REAL md4_2 = R((-0.5345224838248495)) * yd[8];
    const REAL md4_3 = R((0.4629100498862761)) * yd[7];
    const REAL md4_4 = R((-0.5345224838248495)) * yd[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + xd4 * m4_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1 + x4 * md4_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2) + wd * t2);
        const VEC t3 = x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + xd1 * m1_3 + xd2 * m2_3 + xd3 * m3_3 + xd4 * m4_3 + x0 * md0_3 + x1 * md1_3 + x2 * md2_3 + x3 * md3_3 + x4 * md4_3) + wd * t3);
        const VEC t4 = x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd1 * m1_4 + xd2 * m2_4 + xd3 * m3_4 + xd4 * m4_4 + x1 * md1_4 + x2 * md2_4 + x3 * md3_4 + x4 * md4_4) + wd * t4);
    }
}
APART void NAME(backward_2_2_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.5345224838248487)) * y[6];
    const REAL m0_1 = R((0.4629100498862755)) * y[7];
    const REAL m0_2 = R((-0.5345224838248487)) * y[4];
    const REAL m0_3 = R((0.4629100498862755)) * y[5];
    const REAL m1_0 = R((0.4629100498862755)) * y[7];
    const REAL m1_1 = R((0.26726124191242384)) * y[6] + R((-0.46291004988627604)) * y[8];
    const REAL m1_2 = R((0.26726124191242384)) * y[5];
    const REAL m1_3 = R((0.4629100498862755)) * y[4];
    const REAL m1_4 = R((-0.46291004988627593)) * y[5];
    const REAL m2_0 = R((-0.5345224838248487)) * y[4];
    const REAL m2_1 = R((0.26726124191242373)) * y[5];
    const REAL m2_2 = R((0.5345224838248481)) * y[6];
    const REAL m2_3 = R((0.26726124191242395)) * y[7];
    const REAL m2_4 = R((-0.5345224838248497)) * y[8];
    const REAL m3_0 = R((0.4629100498862755)) * y[5];
    const REAL m3_1 = R((0.4629100498862755)) * y[4];
    const REAL m3_2 = R((0.26726124191242395)) * y[7];
    const REAL m3_3 = R((0.26726124191242395)) * y[6] + R((0.4629100498862761)) * y[8];
    const REAL m3_4 = R((0.4629100498862761)) * y[7];
    const REAL m4_1 = R((-0.46291004988627593)) * y[5];
    const REAL m4_2 = R((-0.5345224838248495)) * y[8];
    const REAL m4_3 = R((0.4629100498862761)) * y[7];
    const REAL m4_4 = R((-0.5345224838248495)) * y[6];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_4 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n3_0 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n3_3 = {0};
    VEC n3_4 = {0};
    VEC n4_1 = {0};
    VEC n4_2 = {0};
    VEC n4_3 = {0};
    VEC n4_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
            n3_1 += xw * g1;
            n3_2 += xw * g2;
            n3_3 += xw * g3;
            n3_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_1 += xw * g1;
            n4_2 += xw * g2;
            n4_3 += xw * g3;
            n4_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((-0.5345224838248487)) * n0_2 + R((0.4629100498862755)) * n1_3 + R((-0.5345224838248487)) * n2_0 + R((0.4629100498862755)) * n3_1;
    gy[5] += R((0.4629100498862755)) * n0_3 + R((0.26726124191242384)) * n1_2 + R((-0.46291004988627593)) * n1_4 + R((0.26726124191242373)) * n2_1 + R((0.4629100498862755)) * n3_0 + R((-0.46291004988627593)) * n4_1;
    gy[6] += R((-0.5345224838248487)) * n0_0 + R((0.26726124191242384)) * n1_1 + R((0.5345224838248481)) * n2_2 + R((0.26726124191242395)) * n3_3 + R((-0.5345224838248495)) * n4_4;
    gy[7] += R((0.4629100498862755)) * n0_1 + R((0.4629100498862755)) * n1_0 + R((0.26726124191242395)) * n2_3 + R((0.26726124191242395)) * n3_2 + R((0.4629100498862761)) * n3_4 + R((0.4629100498862761)) * n4_3;
    gy[8] += R((-0.46291004988627604)) * n1_1 + R((-0.5345224838248497)) * n2_4 + R((0.4629100498862761)) * n3_3 + R((-0.5345224838248495)) * n4_2;
}
APART void NAME(parameters_2_2_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.5345224838248487)) * y[6];
    const REAL m0_1 = R((0.4629100498862755)) * y[7];
    const REAL m0_2 = R((-0.5345224838248487)) * y[4];
    const REAL m0_3 = R((0.4629100498862755)) * y[5];
    const REAL m1_0 = R((0.4629100498862755)) * y[7];
    const REAL m1_1 = R((0.26726124191242384)) * y[6] + R((-0.46291004988627604)) * y[8];
    const REAL m1_2 = R((0.26726124191242384)) * y[5];
    const REAL m1_3 = R((0.4629100498862755)) * y[4];
    const REAL m1_4 = R((-0.46291004988627593)) * y[5];
    const REAL m2_0 = R((-0.5345224838248487)) * y[4];
    const REAL m2_1 = R((0.26726124191242373)) * y[5];
    const REAL m2_2 = R((0.5345224838248481)) * y[6];
    const REAL m2_3 = R((0.26726124191242395)) * y[7];
    const REAL m2_4 = R((-0.5345224838248497)) * y[8];
    const REAL m3_0 = R((0.4629100498862755)) * y[5];
    const REAL m3_1 = R((0.4629100498862755)) * y[4];
    const REAL m3_2 = R((0.26726124191242395)) * y[7];
    const REAL m3_3 = R((0.26726124191242395)) * y[6] + R((0.4629100498862761)) * y[8];
    const REAL m3_4 = R((0.4629100498862761)) * y[7];
    const REAL m4_1 = R((-0.46291004988627593)) * y[5];
    const REAL m4_2 = R((-0.5345224838248495)) * y[8];
    const REAL m4_3 = R((0.4629100498862761)) * y[7];
    const REAL m4_4 = R((-0.5345224838248495)) * y[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_2_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.5345224838248487)) * y[6];
    const REAL m0_1 = R((0.4629100498862755)) * y[7];
    const REAL m0_2 = R((-0.5345224838248487)) * y[4];
    const REAL m0_3 = R((0.4629100498862755)) * y[5];
    const REAL m1_0 = R((0.4629100498862755)) * y[7];
    const REAL m1_1 = R((0.26726124191242384)) * y[6] + R((-0.46291004988627604)) * y[8];
    const REAL m1_2 = R((0.26726124191242384)) * y[5];
    const REAL m1_3 = R((0.4629100498862755)) * y[4];
    const REAL m1_4 = R((-0.46291004988627593)) * y[5];
    const REAL m2_0 = R((-0.5345224838248487)) * y[4];
    const REAL m2_1 = R((0.26726124191242373)) * y[5];
    const REAL m2_2 = R((0.5345224838248481)) * y[6];
    const REAL m2_3 = R((0.26726124191242395)) * y[7];
    const REAL m2_4 = R((-0.5345224838248497)) * y[8];
    const REAL m3_0 = R((0.4629100498862755)) * y[5];
    const REAL m3_1 = R((0.4629100498862755)) * y[4];
    const REAL m3_2 = R((0.26726124191242395)) * y[7];
    const REAL m3_3 = R((0.26726124191242395)) * y[6] + R((0.4629100498862761)) * y[8];
    const REAL m3_4 = R((0.4629100498862761)) * y[7];
    const REAL m4_1 = R((-0.46291004988627593)) * y[5];
    const REAL m4_2 = R((-0.5345224838248495)) * y[8];
    const REAL m4_3 = R((0.4629100498862761)) * y[7];
    const REAL m4_4 = R((-0.5345224838248495)) * y[6];
    const REAL md0_0 = R((-0.5345224838248487)) * yd[6];
    const REAL md0_1 = R((0.4629100498862755)) * yd[7];
    const REAL md0_2 = R((-0.5345224838248487)) * yd[4];
    const REAL md0_3 = R((0.4629100498862755)) * yd[5];
    const REAL md1_0 = R((0.4629100498862755)) * yd[7];
    const REAL md1_1 = R((0.26726124191242384)) * yd[6] + R((-0.46291004988627604)) * yd[8];
    const REAL md1_2 = R((0.26726124191242384)) * yd[5];
    const REAL md1_3 = R((0.4629100498862755)) * yd[4];
    const REAL md1_4 = R((-0.46291004988627593)) * yd[5];
    const REAL md2_0 = R((-0.5345224838248487)) * yd[4];
    const REAL md2_1 = R((0.26726124191242373)) * yd[5];
    const REAL md2_2 = R((0.5345224838248481)) * yd[6];
    const REAL md2_3 = R((0.26726124191242395)) * yd[7];
    const REAL md2_4 = R((-0.5345224838248497)) * yd[8];
    const REAL md3_0 = R((0.4629100498862755)) * yd[5];
    const REAL md3_1 = R((0.4629100498862755)) * yd[4];
    const REAL md3_2 = R((0.26726124191242395)) * yd[7];
    const REAL md3_3 = R((0.26726124191242395)) * yd[6] + R((0.4629100498862761)) * yd[8];
    const REAL md3_4 = R((0.4629100498862761)) * yd[7];
    const REAL md4_1 = R((-0.46291004988627593)) * yd[5];
    const REAL md4_2 = R((-0.5345224838248495)) * yd[8];
    const REAL md4_3 = R((0.4629100498862761)) * yd[7];
    const REAL md4_4 = R((-0.5345224838248495)) * yd[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3 + gd4 * m1_4;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3 + gd4 * md1_4;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0 + gd1 * m3_1 + gd2 * m3_2 + gd3 * m3_3 + gd4 * m3_4;
            const VEC p = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + gd0 * md3_0 + gd1 * md3_1 + gd2 * md3_2 + gd3 * md3_3 + gd4 * md3_4;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m4_1 + gd2 * m4_2 + gd3 * m4_3 + gd4 * m4_4;
            const VEC p = g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + gd1 * md4_1 + gd2 * md4_2 + gd3 * md4_3 + gd4 * md4_4;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_1_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.597614304667197)) * y[3];
    const REAL m0_4 = R((0.597614304667198)) * y[1];
    const REAL m1_0 = R((0.4879500364742662)) * y[2];
    const REAL m1_1 = R((0.4879500364742662)) * y[3];
    const REAL m1_3 = R((0.4879500364742662)) * y[1];
    const REAL m2_0 = R((-0.15430334996209186)) * y[3];
    const REAL m2_1 = R((0.617213399848367)) * y[2];
    const REAL m2_2 = R((0.5345224838248487)) * y[1];
    const REAL m2_4 = R((0.15430334996209216)) * y[1];
    const REAL m3_1 = R((-0.3779644730092277)) * y[1];
    const REAL m3_2 = R((0.6546536707079766)) * y[2];
    const REAL m3_3 = R((-0.37796447300922753)) * y[3];
    const REAL m4_0 = R((-0.1543033499620919)) * y[1];
    const REAL m4_2 = R((0.5345224838248488)) * y[3];
    const REAL m4_3 = R((0.6172133998483671)) * y[2];
    const REAL m4_4 = R((-0.1543033499620922)) * y[3];
    const REAL m5_1 = R((-0.48795003647426705)) * y[1];
    const REAL m5_3 = R((0.48795003647426705)) * y[3];
    const REAL m5_4 = R((0.487950036474267)) * y[2];
    const REAL m6_0 = R((-0.5976143046671959)) * y[1];
    const REAL m6_4 = R((0.5976143046671972)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0 + x6 * m6_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x5 * m5_1));
        ADD(a + 2 * ca + u, w * (x2 * m2_2 + x3 * m3_2 + x4 * m4_2));
        ADD(a + 3 * ca + u, w * (x1 * m1_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x2 * m2_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4));
    }
}
APART void NAME(dual_forward_3_1_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.597614304667197)) * y[3];
    const REAL m0_4 = R((0.597614304667198)) * y[1];
    const REAL m1_0 = R((0.4879500364742662)) * y[2];
    const REAL m1_1 = R((0.4879500364742662)) * y[3];
    const REAL m1_3 = R((0.4879500364742662)) * y[1];
    const REAL m2_0 = R((-0.15430334996209186)) * y[3];
    const REAL m2_1 = R((0.617213399848367)) * y[2];
    const REAL m2_2 = R((0.5345224838248487)) * y[1];
    const REAL m2_4 = R((0.15430334996209216)) * y[1];
    const REAL m3_1 = R((-0.3779644730092277)) * y[1];
    const REAL m3_2 = R((0.6546536707079766)) * y[2];
    const REAL m3_3 = R((-0.37796447300922753)) * y[3];
    const REAL m4_0 = R((-0.1543033499620919)) * y[1];
    const REAL m4_2 = R((0.5345224838248488)) * y[3];
    const REAL m4_3 = R((0.6172133998483671)) * y[2];
    const REAL m4_4 = R((-0.1543033499620922)) * y[3];
    const REAL m5_1 = R((-0.48795003647426705)) * y[1];
    const REAL m5_3 = R((0.48795003647426705)) * y[3];
    const REAL m5_4 = R((0.487950036474267)) * y[2];
    const REAL m6_0 = R((-0.5976143046671959)) * y[1];
    const REAL m6_4 = R((0.5976143046671972)) * y[3];
    const REAL md0_0 = R((0.597614304667197)) * yd[3];
    const REAL md0_4 = R((0.597614304667198)) * yd[1];
    const REAL md1_0 = R((0.4879500364742662)) * yd[2];
    const REAL md1_1 = R((0.4879500364742662)) * yd[3];
    const REAL md1_3 = R((0.4879500364742662)) * yd[1];
    const REAL md2_0 = R((-0.15430334996209186)) * yd[3];
    const REAL md2_1 = R((0.617213399848367)) * yd[2];
    const REAL md2_2 = R((0.5345224838248487)) * yd[1];
    const REAL md2_4 = R((0.15430334996209216)) * yd[1];
    const REAL md3_1 = R((-0.3779644730092277)) * yd[1];
    const REAL md3_2 = R((0.6546536707079766)) * yd[2];
    const REAL md3_3 = R((-0.37796447300922753)) * yd[3];
    const REAL md4_0 = R((-0.1543033499620919)) * yd[1];
    const REAL md4_2 = R((0.5345224838248488)) * yd[3];
    const REAL md4_3 = R((0.6172133998483671)) * yd[2];
    const REAL md4_4 = R((-0.1543033499620922)) * yd[3];
    const REAL md5_1 = R((-0.48795003647426705)) * yd[1];
    const REAL md5_3 = R((0.48795003647426705)) * yd[3];
    const REAL md5_4 = R((0.487950036474267)) * yd[2];
    const REAL md6_0 = R((-0.5976143046671959)) * yd[1];
    const REAL md6_4 = R((0.5976143046671972)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0 + x6 * m6_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd4 * m4_0 + xd6 * m6_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x4 * md4_0 + x6 * md6_0) + wd * t0);
        const VEC t1 = x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x5 * m5_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + xd5 * m5_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1 + x5 * md5_1) + wd * t1);
        const VEC t2 = x2 * m2_2 + x3 * m3_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2) + wd * t2);
        const VEC t3 = x1 * m1_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd1 * m1_3 + xd3 * m3_3 + xd4 * m4_3 + xd5 * m5_3 + x1 * md1_3 + x3 * md3_3 + x4 * md4_3 + x5 * md5_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x2 * m2_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd2 * m2_4 + xd4 * m4_4 + xd5 * m5_4 + xd6 * m6_4 + x0 * md0_4 + x2 * md2_4 + x4 * md4_4 + x5 * md5_4 + x6 * md6_4) + wd * t4);
    }
}
APART void NAME(backward_3_1_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.597614304667197)) * y[3];
    const REAL m0_4 = R((0.597614304667198)) * y[1];
    const REAL m1_0 = R((0.4879500364742662)) * y[2];
    const REAL m1_1 = R((0.4879500364742662)) * y[3];
    const REAL m1_3 = R((0.4879500364742662)) * y[1];
    const REAL m2_0 = R((-0.15430334996209186)) * y[3];
    const REAL m2_1 = R((0.617213399848367)) * y[2];
    const REAL m2_2 = R((0.5345224838248487)) * y[1];
    const REAL m2_4 = R((0.15430334996209216)) * y[1];
    const REAL m3_1 = R((-0.3779644730092277)) * y[1];
    const REAL m3_2 = R((0.6546536707079766)) * y[2];
    const REAL m3_3 = R((-0.37796447300922753)) * y[3];
    const REAL m4_0 = R((-0.1543033499620919)) * y[1];
    const REAL m4_2 = R((0.5345224838248488)) * y[3];
    const REAL m4_3 = R((0.6172133998483671)) * y[2];
    const REAL m4_4 = R((-0.1543033499620922)) * y[3];
    const REAL m5_1 = R((-0.48795003647426705)) * y[1];
    const REAL m5_3 = R((0.48795003647426705)) * y[3];
    const REAL m5_4 = R((0.487950036474267)) * y[2];
    const REAL m6_0 = R((-0.5976143046671959)) * y[1];
    const REAL m6_4 = R((0.5976143046671972)) * y[3];
    VEC n0_0 = {0};
    VEC n0_4 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_3 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_4 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n3_3 = {0};
    VEC n4_0 = {0};
    VEC n4_2 = {0};
    VEC n4_3 = {0};
    VEC n4_4 = {0};
    VEC n5_1 = {0};
    VEC n5_3 = {0};
    VEC n5_4 = {0};
    VEC n6_0 = {0};
    VEC n6_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g4 * m0_4;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g3 * m1_3;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g1 * m3_1 + g2 * m3_2 + g3 * m3_3;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_1 += xw * g1;
            n3_2 += xw * g2;
            n3_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_2 += xw * g2;
            n4_3 += xw * g3;
            n4_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g1 * m5_1 + g3 * m5_3 + g4 * m5_4;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_1 += xw * g1;
            n5_3 += xw * g3;
            n5_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g0 * m6_0 + g4 * m6_4;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_0 += xw * g0;
            n6_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((0.597614304667198)) * n0_4 + R((0.4879500364742662)) * n1_3 + R((0.5345224838248487)) * n2_2 + R((0.15430334996209216)) * n2_4 + R((-0.3779644730092277)) * n3_1 + R((-0.1543033499620919)) * n4_0 + R((-0.48795003647426705)) * n5_1 + R((-0.5976143046671959)) * n6_0;
    gy[2] += R((0.4879500364742662)) * n1_0 + R((0.617213399848367)) * n2_1 + R((0.6546536707079766)) * n3_2 + R((0.6172133998483671)) * n4_3 + R((0.487950036474267)) * n5_4;
    gy[3] += R((0.597614304667197)) * n0_0 + R((0.4879500364742662)) * n1_1 + R((-0.15430334996209186)) * n2_0 + R((-0.37796447300922753)) * n3_3 + R((0.5345224838248488)) * n4_2 + R((-0.1543033499620922)) * n4_4 + R((0.48795003647426705)) * n5_3 + R((0.5976143046671972)) * n6_4;
}
APART void NAME(parameters_3_1_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.597614304667197)) * y[3];
    const REAL m0_4 = R((0.597614304667198)) * y[1];
    const REAL m1_0 = R((0.4879500364742662)) * y[2];
    const REAL m1_1 = R((0.4879500364742662)) * y[3];
    const REAL m1_3 = R((0.4879500364742662)) * y[1];
    const REAL m2_0 = R((-0.15430334996209186)) * y[3];
    const REAL m2_1 = R((0.617213399848367)) * y[2];
    const REAL m2_2 = R((0.5345224838248487)) * y[1];
    const REAL m2_4 = R((0.15430334996209216)) * y[1];
    const REAL m3_1 = R((-0.3779644730092277)) * y[1];
    const REAL m3_2 = R((0.6546536707079766)) * y[2];
    const REAL m3_3 = R((-0.37796447300922753)) * y[3];
    const REAL m4_0 = R((-0.1543033499620919)) * y[1];
    const REAL m4_2 = R((0.5345224838248488)) * y[3];
    const REAL m4_3 = R((0.6172133998483671)) * y[2];
    const REAL m4_4 = R((-0.1543033499620922)) * y[3];
    const REAL m5_1 = R((-0.48795003647426705)) * y[1];
    const REAL m5_3 = R((0.48795003647426705)) * y[3];
    const REAL m5_4 = R((0.487950036474267)) * y[2];
    const REAL m6_0 = R((-0.5976143046671959)) * y[1];
    const REAL m6_4 = R((0.5976143046671972)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g4 * m0_4;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g3 * m1_3;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g1 * m3_1 + g2 * m3_2 + g3 * m3_3;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g1 * m5_1 + g3 * m5_3 + g4 * m5_4;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g0 * m6_0 + g4 * m6_4;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_1_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.597614304667197)) * y[3];
    const REAL m0_4 = R((0.597614304667198)) * y[1];
    const REAL m1_0 = R((0.4879500364742662)) * y[2];
    const REAL m1_1 = R((0.4879500364742662)) * y[3];
    const REAL m1_3 = R((0.4879500364742662)) * y[1];
    const REAL m2_0 = R((-0.15430334996209186)) * y[3];
    const REAL m2_1 = R((0.617213399848367)) * y[2];
    const REAL m2_2 = R((0.5345224838248487)) * y[1];
    const REAL m2_4 = R((0.15430334996209216)) * y[1];
    const REAL m3_1 = R((-0.3779644730092277)) * y[1];
    const REAL m3_2 = R((0.6546536707079766)) * y[2];
    const REAL m3_3 = R((-0.37796447300922753)) * y[3];
    const REAL m4_0 = R((-0.1543033499620919)) * y[1];
    const REAL m4_2 = R((0.5345224838248488)) * y[3];
    const REAL m4_3 = R((0.6172133998483671)) * y[2];
    const REAL m4_4 = R((-0.1543033499620922)) * y[3];
    const REAL m5_1 = R((-0.48795003647426705)) * y[1];
    const REAL m5_3 = R((0.48795003647426705)) * y[3];
    const REAL m5_4 = R((0.487950036474267)) * y[2];
    const REAL m6_0 = R((-0.5976143046671959)) * y[1];
    const REAL m6_4 = R((0.5976143046671972)) * y[3];
    const REAL md0_0 = R((0.597614304667197)) * yd[3];
    const REAL md0_4 = R((0.597614304667198)) * yd[1];
    const REAL md1_0 = R((0.4879500364742662)) * yd[2];
    const REAL md1_1 = R((0.4879500364742662)) * yd[3];
    const REAL md1_3 = R((0.4879500364742662)) * yd[1];
    const REAL md2_0 = R((-0.15430334996209186)) * yd[3];
    const REAL md2_1 = R((0.617213399848367)) * yd[2];
    const REAL md2_2 = R((0.5345224838248487)) * yd[1];
    const REAL md2_4 = R((0.15430334996209216)) * yd[1];
    const REAL md3_1 = R((-0.3779644730092277)) * yd[1];
    const REAL md3_2 = R((0.6546536707079766)) * yd[2];
    const REAL md3_3 = R((-0.37796447300922753)) * yd[3];
    const REAL md4_0 = R((-0.1543033499620919)) * yd[1];
    const REAL md4_2 = R((0.5345224838248488)) * yd[3];
    const REAL md4_3 = R((0.6172133998483671)) * yd[2];
    const REAL md4_4 = R((-0.1543033499620922)) * yd[3];
    const REAL md5_1 = R((-0.48795003647426705)) * yd[1];
    const REAL md5_3 = R((0.48795003647426705)) * yd[3];
    const REAL md5_4 = R((0.487950036474267)) * yd[2];
    const REAL md6_0 = R((-0.5976143046671959)) * yd[1];
    const REAL md6_4 = R((0.5976143046671972)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd4 * m0_4;
            const VEC p = g0 * m0_0 + g4 * m0_4 + gd0 * md0_0 + gd4 * md0_4;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd3 * m1_3;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g3 * m1_3 + gd0 * md1_0 + gd1 * md1_1 + gd3 * md1_3;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd4 * m2_4;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g4 * m2_4 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m3_1 + gd2 * m3_2 + gd3 * m3_3;
            const VEC p = g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + gd1 * md3_1 + gd2 * md3_2 + gd3 * md3_3;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd2 * m4_2 + gd3 * m4_3 + gd4 * m4_4;
            const VEC p = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + gd0 * md4_0 + gd2 * md4_2 + gd3 * md4_3 + gd4 * md4_4;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m5_1 + gd3 * m5_3 + gd4 * m5_4;
            const VEC p = g1 * m5_1 + g3 * m5_3 + g4 * m5_4 + gd1 * md5_1 + gd3 * md5_3 + gd4 * md5_4;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m6_0 + gd4 * m6_4;
            const VEC p = g0 * m6_0 + g4 * m6_4 + gd0 * md6_0 + gd4 * md6_4;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_3_2)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.24397501823713313)) * y[13];
    const REAL m0_1 = R((0.3857583749052299)) * y[14];
    const REAL m0_2 = R((-0.545544725589981)) * y[9];
    const REAL m0_3 = R((0.3857583749052296)) * y[10];
    const REAL m0_4 = R((-0.24397501823713325)) * y[11];
    const REAL m1_0 = R((-0.48795003647426627)) * y[12];
    const REAL m1_1 = R((0.29880715233359845)) * y[13] + R((-0.38575837490522974)) * y[15];
    const REAL m1_3 = R((0.3857583749052296)) * y[9] + R((0.2988071523335984)) * y[11];
    const REAL m2_0 = R((0.377964473009227)) * y[13] + R((0.24397501823713288)) * y[15];
    const REAL m2_1 = R((0.1543033499620923)) * y[12] + R((-0.29880715233359856)) * y[14];
    const REAL m2_2 = R((0.3273268353539894)) * y[11];
    const REAL m2_3 = R((0.2988071523335984)) * y[10];
    const REAL m2_4 = R((-0.2439750182371333)) * y[9] + R((-0.37796447300922736)) * y[11];
    const REAL m3_0 = R((-0.48795003647426644)) * y[10];
    const REAL m3_1 = R((0.1543033499620923)) * y[11];
    const REAL m3_2 = R((0.43643578047198506)) * y[12];
    const REAL m3_3 = R((0.1543033499620922)) * y[13];
    const REAL m3_4 = R((-0.48795003647426666)) * y[14];
    const REAL m4_0 = R((-0.243975018237133)) * y[9] + R((0.3779644730092269)) * y[11];
    const REAL m4_1 = R((0.29880715233359845)) * y[10];
    const REAL m4_2 = R((0.32732683535398926)) * y[13];
    const REAL m4_3 = R((0.15430334996209225)) * y[12] + R((0.2988071523335985)) * y[14];
    const REAL m4_4 = R((0.3779644730092272)) * y[13] + R((-0.2439750182371334)) * y[15];
    const REAL m5_1 = R((0.38575837490522974)) * y[9] + R((-0.29880715233359856)) * y[11];
    const REAL m5_3 = R((0.2988071523335985)) * y[13] + R((0.38575837490522974)) * y[15];
    const REAL m5_4 = R((-0.4879500364742668)) * y[12];
    const REAL m6_0 = R((0.2439750182371328)) * y[11];
    const REAL m6_1 = R((-0.38575837490522974)) * y[10];
    const REAL m6_2 = R((-0.5455447255899807)) * y[15];
    const REAL m6_3 = R((0.38575837490522985)) * y[14];
    const REAL m6_4 = R((-0.2439750182371334)) * y[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x6 * m6_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x5 * m5_1 + x6 * m6_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x6 * m6_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3 + x6 * m6_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4));
    }
}
APART void NAME(dual_forward_3_3_2)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.24397501823713313)) * y[13];
    const REAL m0_1 = R((0.3857583749052299)) * y[14];
    const REAL m0_2 = R((-0.545544725589981)) * y[9];
    const REAL m0_3 = R((0.3857583749052296)) * y[10];
    const REAL m0_4 = R((-0.24397501823713325)) * y[11];
    const REAL m1_0 = R((-0.48795003647426627)) * y[12];
    const REAL m1_1 = R((0.29880715233359845)) * y[13] + R((-0.38575837490522974)) * y[15];
    const REAL m1_3 = R((0.3857583749052296)) * y[9] + R((0.2988071523335984)) * y[11];
    const REAL m2_0 = R((0.377964473009227)) * y[13] + R((0.24397501823713288)) * y[15];
    const REAL m2_1 = R((0.1543033499620923)) * y[12] + R((-0.29880715233359856)) * y[14];
    const REAL m2_2 = R((0.3273268353539894)) * y[11];
    const REAL m2_3 = R((0.2988071523335984)) * y[10];
    const REAL m2_4 = R((-0.2439750182371333)) * y[9] + R((-0.37796447300922736)) * y[11];
    const REAL m3_0 = R((-0.48795003647426644)) * y[10];
    const REAL m3_1 = R((0.1543033499620923)) * y[11];
    const REAL m3_2 = R((0.43643578047198506)) * y[12];
    const REAL m3_3 = R((0.1543033499620922)) * y[13];
    const REAL m3_4 = R((-0.48795003647426666)) * y[14];
    const REAL m4_0 = R((-0.243975018237133)) * y[9] + R((0.3779644730092269)) * y[11];
    const REAL m4_1 = R((0.29880715233359845)) * y[10];
    const REAL m4_2 = R((0.32732683535398926)) * y[13];
    const REAL m4_3 = R((0.15430334996209225)) * y[12] + R((0.2988071523335985)) * y[14];
    const REAL m4_4 = R((0.3779644730092272)) * y[13] + R((-0.2439750182371334)) * y[15];
    const REAL m5_1 = R((0.38575837490522974)) * y[9] + R((-0.29880715233359856)) * y[11];
    const REAL m5_3 = R((0.2988071523335985)) * y[13] + R((0.38575837490522974)) * y[15];
    const REAL m5_4 = R((-0.4879500364742668)) * y[12];
    const REAL m6_0 = R((0.2439750182371328)) * y[11];
    const REAL m6_1 = R((-0.38575837490522974)) * y[10];
    const REAL m6_2 = R((-0.5455447255899807)) * y[15];
    const REAL m6_3 = R((0.38575837490522985)) * y[14];
    const REAL m6_4 = R((-0.2439750182371334)) * y[13];
    const REAL md0_0 = R((-0.24397501823713313)) * yd[13];
    const REAL md0_1 = R((0.3857583749052299)) * yd[14];
    const REAL md0_2 = R((-0.545544725589981)) * yd[9];
    const REAL md0_3 = R((0.3857583749052296)) * yd[10];
    const REAL md0_4 = R((-0.24397501823713325)) * yd[11];
    const REAL md1_0 = R((-0.48795003647426627)) * yd[12];
    const REAL md1_1 = R((0.29880715233359845)) * yd[13] + R((-0.38575837490522974)) * yd[15];
    const REAL md1_3 = R((0.3857583749052296)) * yd[9] + R((0.2988071523335984)) * yd[11];
    const REAL md2_0 = R((0.377964473009227)) * yd[13] + R((0.24397501823713288)) * yd[15];
    const REAL md2_1 = R((0.1543033499620923)) * yd[12] + R((-0.29880715233359856)) * yd[14];
    const REAL md2_2 = R((0.3273268353539894)) * yd[11];
    const REAL md2_3 = R((0.2988071523335984)) * yd[10];
    const REAL md2_4 = R((-0.2439750182371333)) * yd[9] + R((-0.37796447300922736)) * yd[11];
    const REAL md3_0 = R((-0.48795003647426644)) * yd[10];
    const REAL md3_1 = R((0.1543033499620923)) * yd[11];
    const REAL md3_2 = R((0.43643578047198506)) * yd[12];
    const REAL md3_3 = R((0.1543033499620922)) * yd[13];
    const REAL md3_4 = R((-0.48795003647426666)) * yd[14];
    const REAL md4_0 = R((-0.243975018237133)) * yd[9] + R((0.3779644730092269)) * yd[11];
    const REAL md4_1 = R((0.29880715233359845)) * yd[10];
    const REAL md4_2 = R((0.32732683535398926)) * yd[13];
    const REAL md4_3 = R((0.15430334996209225)) * yd[12] + R((0.2988071523335985)) * yd[14];
    const REAL md4_4 = R((0.3779644730092272)) * yd[13] + R((-0.2439750182371334)) * yd[15];
    const REAL md5_1 = R((0.38575837490522974)) * yd[9] + R((-0.29880715233359856)) * yd[11];
    const REAL md5_3 = R((0.2988071523335985)) * yd[13] + R((0.38575837490522974)) * yd[15];
    const REAL md5_4 = R((-0.4879500364742668)) * yd[12];
    const REAL md6_0 = R((0.2439750182371328)) * yd[11];
    const REAL md6_1 = R((-0.38575837490522974)) * yd[10];
    const REAL md6_2 = R((-0.5455447255899807)) * yd[15];
    const REAL md6_3 = R((0.38575837490522985)) * yd[14];
    const REAL md6_4 = R((-0.2439750182371334)) * yd[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0 + x6 * m6_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + xd6 * m6_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0 + x6 * md6_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x5 * m5_1 + x6 * m6_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + xd3 * m3_1 + xd4 * m4_1 + xd5 * m5_1 + xd6 * m6_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1 + x3 * md3_1 + x4 * md4_1 + x5 * md5_1 + x6 * md6_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x6 * m6_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + xd6 * m6_2 + x0 * md0_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2 + x6 * md6_2) + wd * t2);
        const VEC t3 = x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3 + x6 * m6_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + xd1 * m1_3 + xd2 * m2_3 + xd3 * m3_3 + xd4 * m4_3 + xd5 * m5_3 + xd6 * m6_3 + x0 * md0_3 + x1 * md1_3 + x2 * md2_3 + x3 * md3_3 + x4 * md4_3 + x5 * md5_3 + x6 * md6_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd2 * m2_4 + xd3 * m3_4 + xd4 * m4_4 + xd5 * m5_4 + xd6 * m6_4 + x0 * md0_4 + x2 * md2_4 + x3 * md3_4 + x4 * md4_4 + x5 * md5_4 + x6 * md6_4) + wd * t4);
    }
}
APART void NAME(backward_3_3_2)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.24397501823713313)) * y[13];
    const REAL m0_1 = R((0.3857583749052299)) * y[14];
    const REAL m0_2 = R((-0.545544725589981)) * y[9];
    const REAL m0_3 = R((0.3857583749052296)) * y[10];
    const REAL m0_4 = R((-0.24397501823713325)) * y[11];
    const REAL m1_0 = R((-0.48795003647426627)) * y[12];
    const REAL m1_1 = R((0.29880715233359845)) * y[13] + R((-0.38575837490522974)) * y[15];
    const REAL m1_3 = R((0.3857583749052296)) * y[9] + R((0.2988071523335984)) * y[11];
    const REAL m2_0 = R((0.377964473009227)) * y[13] + R((0.24397501823713288)) * y[15];
    const REAL m2_1 = R((0.1543033499620923)) * y[12] + R((-0.29880715233359856)) * y[14];
    const REAL m2_2 = R((0.3273268353539894)) * y[11];
    const REAL m2_3 = R((0.2988071523335984)) * y[10];
    const REAL m2_4 = R((-0.2439750182371333)) * y[9] + R((-0.37796447300922736)) * y[11];
    const REAL m3_0 = R((-0.48795003647426644)) * y[10];
    const REAL m3_1 = R((0.1543033499620923)) * y[11];
    const REAL m3_2 = R((0.43643578047198506)) * y[12];
    const REAL m3_3 = R((0.1543033499620922)) * y[13];
    const REAL m3_4 = R((-0.48795003647426666)) * y[14];
    const REAL m4_0 = R((-0.243975018237133)) * y[9] + R((0.3779644730092269)) * y[11];
    const REAL m4_1 = R((0.29880715233359845)) * y[10];
    const REAL m4_2 = R((0.32732683535398926)) * y[13];
    const REAL m4_3 = R((0.15430334996209225)) * y[12] + R((0.2988071523335985)) * y[14];
    const REAL m4_4 = R((0.3779644730092272)) * y[13] + R((-0.2439750182371334)) * y[15];
    const REAL m5_1 = R((0.38575837490522974)) * y[9] + R((-0.29880715233359856)) * y[11];
    const REAL m5_3 = R((0.2988071523335985)) * y[13] + R((0.38575837490522974)) * y[15];
    const REAL m5_4 = R((-0.4879500364742668)) * y[12];
    const REAL m6_0 = R((0.2439750182371328)) * y[11];
    const REAL m6_1 = R((-0.38575837490522974)) * y[10];
    const REAL m6_2 = R((-0.5455447255899807)) * y[15];
    const REAL m6_3 = R((0.38575837490522985)) * y[14];
    const REAL m6_4 = R((-0.2439750182371334)) * y[13];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_3 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n3_0 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n3_3 = {0};
    VEC n3_4 = {0};
    VEC n4_0 = {0};
    VEC n4_1 = {0};
    VEC n4_2 = {0};
    VEC n4_3 = {0};
    VEC n4_4 = {0};
    VEC n5_1 = {0};
    VEC n5_3 = {0};
    VEC n5_4 = {0};
    VEC n6_0 = {0};
    VEC n6_1 = {0};
    VEC n6_2 = {0};
    VEC n6_3 = {0};
    VEC n6_4 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g3 * m1_3;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
            n3_1 += xw * g1;
            n3_2 += xw * g2;
            n3_3 += xw * g3;
            n3_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_1 += xw * g1;
            n4_2 += xw * g2;
            n4_3 += xw * g3;
            n4_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g1 * m5_1 + g3 * m5_3 + g4 * m5_4;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_1 += xw * g1;
            n5_3 += xw * g3;
            n5_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g0 * m6_0 + g1 * m6_1 + g2 * m6_2 + g3 * m6_3 + g4 * m6_4;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_0 += xw * g0;
            n6_1 += xw * g1;
            n6_2 += xw * g2;
            n6_3 += xw * g3;
            n6_4 += xw * g4;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((-0.545544725589981)) * n0_2 + R((0.3857583749052296)) * n1_3 + R((-0.2439750182371333)) * n2_4 + R((-0.243975018237133)) * n4_0 + R((0.38575837490522974)) * n5_1;
    gy[10] += R((0.3857583749052296)) * n0_3 + R((0.2988071523335984)) * n2_3 + R((-0.48795003647426644)) * n3_0 + R((0.29880715233359845)) * n4_1 + R((-0.38575837490522974)) * n6_1;
    gy[11] += R((-0.24397501823713325)) * n0_4 + R((0.2988071523335984)) * n1_3 + R((0.3273268353539894)) * n2_2 + R((-0.37796447300922736)) * n2_4 + R((0.1543033499620923)) * n3_1 + R((0.3779644730092269)) * n4_0 + R((-0.29880715233359856)) * n5_1 + R((0.2439750182371328)) * n6_0;
    gy[12] += R((-0.48795003647426627)) * n1_0 + R((0.1543033499620923)) * n2_1 + R((0.43643578047198506)) * n3_2 + R((0.15430334996209225)) * n4_3 + R((-0.4879500364742668)) * n5_4;
    gy[13] += R((-0.24397501823713313)) * n0_0 + R((0.29880715233359845)) * n1_1 + R((0.377964473009227)) * n2_0 + R((0.1543033499620922)) * n3_3 + R((0.32732683535398926)) * n4_2 + R((0.3779644730092272)) * n4_4 + R((0.2988071523335985)) * n5_3 + R((-0.2439750182371334)) * n6_4;
    gy[14] += R((0.3857583749052299)) * n0_1 + R((-0.29880715233359856)) * n2_1 + R((-0.48795003647426666)) * n3_4 + R((0.2988071523335985)) * n4_3 + R((0.38575837490522985)) * n6_3;
    gy[15] += R((-0.38575837490522974)) * n1_1 + R((0.24397501823713288)) * n2_0 + R((-0.2439750182371334)) * n4_4 + R((0.38575837490522974)) * n5_3 + R((-0.5455447255899807)) * n6_2;
}
APART void NAME(parameters_3_3_2)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.24397501823713313)) * y[13];
    const REAL m0_1 = R((0.3857583749052299)) * y[14];
    const REAL m0_2 = R((-0.545544725589981)) * y[9];
    const REAL m0_3 = R((0.3857583749052296)) * y[10];
    const REAL m0_4 = R((-0.24397501823713325)) * y[11];
    const REAL m1_0 = R((-0.48795003647426627)) * y[12];
    const REAL m1_1 = R((0.29880715233359845)) * y[13] + R((-0.38575837490522974)) * y[15];
    const REAL m1_3 = R((0.3857583749052296)) * y[9] + R((0.2988071523335984)) * y[11];
    const REAL m2_0 = R((0.377964473009227)) * y[13] + R((0.24397501823713288)) * y[15];
    const REAL m2_1 = R((0.1543033499620923)) * y[12] + R((-0.29880715233359856)) * y[14];
    const REAL m2_2 = R((0.3273268353539894)) * y[11];
    const REAL m2_3 = R((0.2988071523335984)) * y[10];
    const REAL m2_4 = R((-0.2439750182371333)) * y[9] + R((-0.37796447300922736)) * y[11];
    const REAL m3_0 = R((-0.48795003647426644)) * y[10];
    const REAL m3_1 = R((0.1543033499620923)) * y[11];
    const REAL m3_2 = R((0.43643578047198506)) * y[12];
    const REAL m3_3 = R((0.1543033499620922)) * y[13];
    const REAL m3_4 = R((-0.48795003647426666)) * y[14];
    const REAL m4_0 = R((-0.243975018237133)) * y[9] + R((0.3779644730092269)) * y[11];
    const REAL m4_1 = R((0.29880715233359845)) * y[10];
    const REAL m4_2 = R((0.32732683535398926)) * y[13];
    const REAL m4_3 = R((0.15430334996209225)) * y[12] + R((0.2988071523335985)) * y[14];
    const REAL m4_4 = R((0.3779644730092272)) * y[13] + R((-0.2439750182371334)) * y[15];
    const REAL m5_1 = R((0.38575837490522974)) * y[9] + R((-0.29880715233359856)) * y[11];
    const REAL m5_3 = R((0.2988071523335985)) * y[13] + R((0.38575837490522974)) * y[15];
    const REAL m5_4 = R((-0.4879500364742668)) * y[12];
    const REAL m6_0 = R((0.2439750182371328)) * y[11];
    const REAL m6_1 = R((-0.38575837490522974)) * y[10];
    const REAL m6_2 = R((-0.5455447255899807)) * y[15];
    const REAL m6_3 = R((0.38575837490522985)) * y[14];
    const REAL m6_4 = R((-0.2439750182371334)) * y[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g3 * m1_3;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g1 * m5_1 + g3 * m5_3 + g4 * m5_4;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g0 * m6_0 + g1 * m6_1 + g2 * m6_2 + g3 * m6_3 + g4 * m6_4;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_3_2)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.24397501823713313)) * y[13];
    const REAL m0_1 = R((0.3857583749052299)) * y[14];
    const REAL m0_2 = R((-0.545544725589981)) * y[9];
    const REAL m0_3 = R((0.3857583749052296)) * y[10];
    const REAL m0_4 = R((-0.24397501823713325)) * y[11];
    const REAL m1_0 = R((-0.48795003647426627)) * y[12];
    const REAL m1_1 = R((0.29880715233359845)) * y[13] + R((-0.38575837490522974)) * y[15];
    const REAL m1_3 = R((0.3857583749052296)) * y[9] + R((0.2988071523335984)) * y[11];
    const REAL m2_0 = R((0.377964473009227)) * y[13] + R((0.24397501823713288)) * y[15];
    const REAL m2_1 = R((0.1543033499620923)) * y[12] + R((-0.29880715233359856)) * y[14];
    const REAL m2_2 = R((0.3273268353539894)) * y[11];
    const REAL m2_3 = R((0.2988071523335984)) * y[10];
    const REAL m2_4 = R((-0.2439750182371333)) * y[9] + R((-0.37796447300922736)) * y[11];
    const REAL m3_0 = R((-0.48795003647426644)) * y[10];
    const REAL m3_1 = R((0.1543033499620923)) * y[11];
    const REAL m3_2 = R((0.43643578047198506)) * y[12];
    const REAL m3_3 = R((0.1543033499620922)) * y[13];
    const REAL m3_4 = R((-0.48795003647426666)) * y[14];
    const REAL m4_0 = R((-0.243975018237133)) * y[9] + R((0.3779644730092269)) * y[11];
    const REAL m4_1 = R((0.29880715233359845)) * y[10];
    const REAL m4_2 = R((0.32732683535398926)) * y[13];
    const REAL m4_3 = R((0.15430334996209225)) * y[12] + R((0.2988071523335985)) * y[14];
    const REAL m4_4 = R((0.3779644730092272)) * y[13] + R((-0.2439750182371334)) * y[15];
    const REAL m5_1 = R((0.38575837490522974)) * y[9] + R((-0.29880715233359856)) * y[11];
    const REAL m5_3 = R((0.2988071523335985)) * y[13] + R((0.38575837490522974)) * y[15];
    const REAL m5_4 = R((-0.4879500364742668)) * y[12];
    const REAL m6_0 = R((0.2439750182371328)) * y[11];
    const REAL m6_1 = R((-0.38575837490522974)) * y[10];
    const REAL m6_2 = R((-0.5455447255899807)) * y[15];
    const REAL m6_3 = R((0.38575837490522985)) * y[14];
    const REAL m6_4 = R((-0.2439750182371334)) * y[13];
    const REAL md0_0 = R((-0.24397501823713313)) * yd[13];
    const REAL md0_1 = R((0.3857583749052299)) * yd[14];
    const REAL md0_2 = R((-0.545544725589981)) * yd[9];
    const REAL md0_3 = R((0.3857583749052296)) * yd[10];
    const REAL md0_4 = R((-0.24397501823713325)) * yd[11];
    const REAL md1_0 = R((-0.48795003647426627)) * yd[12];
    const REAL md1_1 = R((0.29880715233359845)) * yd[13] + R((-0.38575837490522974)) * yd[15];
    const REAL md1_3 = R((0.3857583749052296)) * yd[9] + R((0.2988071523335984)) * yd[11];
    const REAL md2_0 = R((0.377964473009227)) * yd[13] + R((0.24397501823713288)) * yd[15];
    const REAL md2_1 = R((0.1543033499620923)) * yd[12] + R((-0.29880715233359856)) * yd[14];
    const REAL md2_2 = R((0.3273268353539894)) * yd[11];
    const REAL md2_3 = R((0.2988071523335984)) * yd[10];
    const REAL md2_4 = R((-0.2439750182371333)) * yd[9] + R((-0.37796447300922736)) * yd[11];
    const REAL md3_0 = R((-0.48795003647426644)) * yd[10];
    const REAL md3_1 = R((0.1543033499620923)) * yd[11];
    const REAL md3_2 = R((0.43643578047198506)) * yd[12];
    const REAL md3_3 = R((0.1543033499620922)) * yd[13];
    const REAL md3_4 = R((-0.48795003647426666)) * yd[14];
    const REAL md4_0 = R((-0.243975018237133)) * yd[9] + R((0.3779644730092269)) * yd[11];
    const REAL md4_1 = R((0.29880715233359845)) * yd[10];
    const REAL md4_2 = R((0.32732683535398926)) * yd[13];
    const REAL md4_3 = R((0.15430334996209225)) * yd[12] + R((0.2988071523335985)) * yd[14];
    const REAL md4_4 = R((0.3779644730092272)) * yd[13] + R((-0.2439750182371334)) * yd[15];
    const REAL md5_1 = R((0.38575837490522974)) * yd[9] + R((-0.29880715233359856)) * yd[11];
    const REAL md5_3 = R((0.2988071523335985)) * yd[13] + R((0.38575837490522974)) * yd[15];
    const REAL md5_4 = R((-0.4879500364742668)) * yd[12];
    const REAL md6_0 = R((0.2439750182371328)) * yd[11];
    const REAL md6_1 = R((-0.38575837490522974)) * yd[10];
    const REAL md6_2 = R((-0.5455447255899807)) * yd[15];
    const REAL md6_3 = R((0.38575837490522985)) * yd[14];
    const REAL md6_4 = R((-0.2439750182371334)) * yd[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd3 * m1_3;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g3 * m1_3 + gd0 * md1_0 + gd1 * md1_1 + gd3 * md1_3;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0 + gd1 * m3_1 + gd2 * m3_2 + gd3 * m3_3 + gd4 * m3_4;
            const VEC p = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + gd0 * md3_0 + gd1 * md3_1 + gd2 * md3_2 + gd3 * md3_3 + gd4 * md3_4;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd1 * m4_1 + gd2 * m4_2 + gd3 * m4_3 + gd4 * m4_4;
            const VEC p = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + gd0 * md4_0 + gd1 * md4_1 + gd2 * md4_2 + gd3 * md4_3 + gd4 * md4_4;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m5_1 + gd3 * m5_3 + gd4 * m5_4;
            const VEC p = g1 * m5_1 + g3 * m5_3 + g4 * m5_4 + gd1 * md5_1 + gd3 * md5_3 + gd4 * md5_4;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m6_0 + gd1 * m6_1 + gd2 * m6_2 + gd3 * m6_3 + gd4 * m6_4;
            const VEC p = g0 * m6_0 + g1 * m6_1 + g2 * m6_2 + g3 * m6_3 + g4 * m6_4 + gd0 * md6_0 + gd1 * md6_1 + gd2 * md6_2 + gd3 * md6_3 + gd4 * md6_4;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_0_3_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[9];
    const REAL m0_1 = R((0.9999999999999994)) * y[10];
    const REAL m0_2 = R((0.9999999999999996)) * y[11];
    const REAL m0_3 = R((0.9999999999999998)) * y[12];
    const REAL m0_4 = R((0.9999999999999996)) * y[13];
    const REAL m0_5 = R((1.0000000000000009)) * y[14];
    const REAL m0_6 = R((0.9999999999999994)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4));
        ADD(a + 5 * ca + u, w * (x0 * m0_5));
        ADD(a + 6 * ca + u, w * (x0 * m0_6));
    }
}
APART void NAME(dual_forward_0_3_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[9];
    const REAL m0_1 = R((0.9999999999999994)) * y[10];
    const REAL m0_2 = R((0.9999999999999996)) * y[11];
    const REAL m0_3 = R((0.9999999999999998)) * y[12];
    const REAL m0_4 = R((0.9999999999999996)) * y[13];
    const REAL m0_5 = R((1.0000000000000009)) * y[14];
    const REAL m0_6 = R((0.9999999999999994)) * y[15];
    const REAL md0_0 = R((1.0000000000000009)) * yd[9];
    const REAL md0_1 = R((0.9999999999999994)) * yd[10];
    const REAL md0_2 = R((0.9999999999999996)) * yd[11];
    const REAL md0_3 = R((0.9999999999999998)) * yd[12];
    const REAL md0_4 = R((0.9999999999999996)) * yd[13];
    const REAL md0_5 = R((1.0000000000000009)) * yd[14];
    const REAL md0_6 = R((0.9999999999999994)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x0 * m0_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + x0 * md0_1) + wd * t1);
        const VEC t2 = x0 * m0_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + x0 * md0_2) + wd * t2);
        const VEC t3 = x0 * m0_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + x0 * md0_3) + wd * t3);
        const VEC t4 = x0 * m0_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + x0 * md0_4) + wd * t4);
        const VEC t5 = x0 * m0_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd0 * m0_5 + x0 * md0_5) + wd * t5);
        const VEC t6 = x0 * m0_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd0 * m0_6 + x0 * md0_6) + wd * t6);
    }
}
APART void NAME(backward_0_3_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[9];
    const REAL m0_1 = R((0.9999999999999994)) * y[10];
    const REAL m0_2 = R((0.9999999999999996)) * y[11];
    const REAL m0_3 = R((0.9999999999999998)) * y[12];
    const REAL m0_4 = R((0.9999999999999996)) * y[13];
    const REAL m0_5 = R((1.0000000000000009)) * y[14];
    const REAL m0_6 = R((0.9999999999999994)) * y[15];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC n0_5 = {0};
    VEC n0_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
            n0_5 += xw * g5;
            n0_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((1.0000000000000009)) * n0_0;
    gy[10] += R((0.9999999999999994)) * n0_1;
    gy[11] += R((0.9999999999999996)) * n0_2;
    gy[12] += R((0.9999999999999998)) * n0_3;
    gy[13] += R((0.9999999999999996)) * n0_4;
    gy[14] += R((1.0000000000000009)) * n0_5;
    gy[15] += R((0.9999999999999994)) * n0_6;
}
APART void NAME(parameters_0_3_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[9];
    const REAL m0_1 = R((0.9999999999999994)) * y[10];
    const REAL m0_2 = R((0.9999999999999996)) * y[11];
    const REAL m0_3 = R((0.9999999999999998)) * y[12];
    const REAL m0_4 = R((0.9999999999999996)) * y[13];
    const REAL m0_5 = R((1.0000000000000009)) * y[14];
    const REAL m0_6 = R((0.9999999999999994)) * y[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_0_3_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[9];
    const REAL m0_1 = R((0.9999999999999994)) * y[10];
    const REAL m0_2 = R((0.9999999999999996)) * y[11];
    const REAL m0_3 = R((0.9999999999999998)) * y[12];
    const REAL m0_4 = R((0.9999999999999996)) * y[13];
    const REAL m0_5 = R((1.0000000000000009)) * y[14];
    const REAL m0_6 = R((0.9999999999999994)) * y[15];
    const REAL md0_0 = R((1.0000000000000009)) * yd[9];
    const REAL md0_1 = R((0.9999999999999994)) * yd[10];
    const REAL md0_2 = R((0.9999999999999996)) * yd[11];
    const REAL md0_3 = R((0.9999999999999998)) * yd[12];
    const REAL md0_4 = R((0.9999999999999996)) * yd[13];
    const REAL md0_5 = R((1.0000000000000009)) * yd[14];
    const REAL md0_6 = R((0.9999999999999994)) * yd[15];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4 + gd5 * m0_5 + gd6 * m0_6;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4 + gd5 * md0_5 + gd6 * md0_6;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_1_2_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865489)) * y[8];
    const REAL m0_1 = R((0.5773502691896254)) * y[7];
    const REAL m0_2 = R((0.6324555320336758)) * y[6] + R((0.1825741858350557)) * y[8];
    const REAL m0_3 = R((-0.4472135954999585)) * y[5];
    const REAL m0_4 = R((-0.18257418583505536)) * y[4];
    const REAL m0_5 = R((-0.5773502691896263)) * y[5];
    const REAL m0_6 = R((-0.7071067811865465)) * y[4];
    const REAL m1_1 = R((0.5773502691896254)) * y[4];
    const REAL m1_2 = R((0.7302967433402208)) * y[5];
    const REAL m1_3 = R((0.7745966692414828)) * y[6];
    const REAL m1_4 = R((0.7302967433402208)) * y[7];
    const REAL m1_5 = R((0.5773502691896263)) * y[8];
    const REAL m2_0 = R((0.7071067811865477)) * y[4];
    const REAL m2_1 = R((0.5773502691896253)) * y[5];
    const REAL m2_2 = R((-0.18257418583505536)) * y[4];
    const REAL m2_3 = R((-0.4472135954999582)) * y[7];
    const REAL m2_4 = R((0.6324555320336759)) * y[6] + R((-0.18257418583505566)) * y[8];
    const REAL m2_5 = R((0.5773502691896263)) * y[7];
    const REAL m2_6 = R((0.707106781186548)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x2 * m2_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x2 * m2_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3 + x1 * m1_3 + x2 * m2_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x1 * m1_4 + x2 * m2_4));
        ADD(a + 5 * ca + u, w * (x0 * m0_5 + x1 * m1_5 + x2 * m2_5));
        ADD(a + 6 * ca + u, w * (x0 * m0_6 + x2 * m2_6));
    }
}
APART void NAME(dual_forward_1_2_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865489)) * y[8];
    const REAL m0_1 = R((0.5773502691896254)) * y[7];
    const REAL m0_2 = R((0.6324555320336758)) * y[6] + R((0.1825741858350557)) * y[8];
    const REAL m0_3 = R((-0.4472135954999585)) * y[5];
    const REAL m0_4 = R((-0.18257418583505536)) * y[4];
    const REAL m0_5 = R((-0.5773502691896263)) * y[5];
    const REAL m0_6 = R((-0.7071067811865465)) * y[4];
    const REAL m1_1 = R((0.5773502691896254)) * y[4];
    const REAL m1_2 = R((0.7302967433402208)) * y[5];
    const REAL m1_3 = R((0.7745966692414828)) * y[6];
    const REAL m1_4 = R((0.7302967433402208)) * y[7];
    const REAL m1_5 = R((0.5773502691896263)) * y[8];
    const REAL m2_0 = R((0.7071067811865477)) * y[4];
    const REAL m2_1 = R((0.5773502691896253)) * y[5];
    const REAL m2_2 = R((-0.18257418583505536)) * y[4];
    const REAL m2_3 = R((-0.4472135954999582)) * y[7];
    const REAL m2_4 = R((0.6324555320336759)) * y[6] + R((-0.18257418583505566)) * y[8];
    const REAL m2_5 = R((0.5773502691896263)) * y[7];
    const REAL m2_6 = R((0.707106781186548)) * y[8];
    const REAL md0_0 = R((0.7071067811865489)) * yd[8];
    const REAL md0_1 = R((0.5773502691896254)) * yd[7];
    const REAL md0_2 = R((0.6324555320336758)) * yd[6] + R((0.1825741858350557)) * yd[8];
    const REAL md0_3 = R((-0.4472135954999585)) * yd[5];
    const REAL md0_4 = R((-0.18257418583505536)) * yd[4];
    const REAL md0_5 = R((-0.5773502691896263)) * yd[5];
    const REAL md0_6 = R((-0.7071067811865465)) * yd[4];
    const REAL md1_1 = R((0.5773502691896254)) * yd[4];
    const REAL md1_2 = R((0.7302967433402208)) * yd[5];
    const REAL md1_3 = R((0.7745966692414828)) * yd[6];
    const REAL md1_4 = R((0.7302967433402208)) * yd[7];
    const REAL md1_5 = R((0.5773502691896263)) * yd[8];
    const REAL md2_0 = R((0.7071067811865477)) * yd[4];
    const REAL md2_1 = R((0.5773502691896253)) * yd[5];
    const REAL md2_2 = R((-0.18257418583505536)) * yd[4];
    const REAL md2_3 = R((-0.4472135954999582)) * yd[7];
    const REAL md2_4 = R((0.6324555320336759)) * yd[6] + R((-0.18257418583505566)) * yd[8];
    const REAL md2_5 = R((0.5773502691896263)) * yd[7];
    const REAL md2_6 = R((0.707106781186548)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC t0 = x0 * m0_0 + x2 * m2_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd2 * m2_0 + x0 * md0_0 + x2 * md2_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x2 * m2_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd2 * m2_1 + x0 * md0_1 + x1 * md1_1 + x2 * md2_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2) + wd * t2);
        const VEC t3 = x0 * m0_3 + x1 * m1_3 + x2 * m2_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + xd1 * m1_3 + xd2 * m2_3 + x0 * md0_3 + x1 * md1_3 + x2 * md2_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x1 * m1_4 + x2 * m2_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd1 * m1_4 + xd2 * m2_4 + x0 * md0_4 + x1 * md1_4 + x2 * md2_4) + wd * t4);
        const VEC t5 = x0 * m0_5 + x1 * m1_5 + x2 * m2_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd0 * m0_5 + xd1 * m1_5 + xd2 * m2_5 + x0 * md0_5 + x1 * md1_5 + x2 * md2_5) + wd * t5);
        const VEC t6 = x0 * m0_6 + x2 * m2_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd0 * m0_6 + xd2 * m2_6 + x0 * md0_6 + x2 * md2_6) + wd * t6);
    }
}
APART void NAME(backward_1_2_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865489)) * y[8];
    const REAL m0_1 = R((0.5773502691896254)) * y[7];
    const REAL m0_2 = R((0.6324555320336758)) * y[6] + R((0.1825741858350557)) * y[8];
    const REAL m0_3 = R((-0.4472135954999585)) * y[5];
    const REAL m0_4 = R((-0.18257418583505536)) * y[4];
    const REAL m0_5 = R((-0.5773502691896263)) * y[5];
    const REAL m0_6 = R((-0.7071067811865465)) * y[4];
    const REAL m1_1 = R((0.5773502691896254)) * y[4];
    const REAL m1_2 = R((0.7302967433402208)) * y[5];
    const REAL m1_3 = R((0.7745966692414828)) * y[6];
    const REAL m1_4 = R((0.7302967433402208)) * y[7];
    const REAL m1_5 = R((0.5773502691896263)) * y[8];
    const REAL m2_0 = R((0.7071067811865477)) * y[4];
    const REAL m2_1 = R((0.5773502691896253)) * y[5];
    const REAL m2_2 = R((-0.18257418583505536)) * y[4];
    const REAL m2_3 = R((-0.4472135954999582)) * y[7];
    const REAL m2_4 = R((0.6324555320336759)) * y[6] + R((-0.18257418583505566)) * y[8];
    const REAL m2_5 = R((0.5773502691896263)) * y[7];
    const REAL m2_6 = R((0.707106781186548)) * y[8];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC n0_5 = {0};
    VEC n0_6 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_4 = {0};
    VEC n1_5 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n2_5 = {0};
    VEC n2_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
            n0_5 += xw * g5;
            n0_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_4 += xw * g4;
            n1_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
            n2_5 += xw * g5;
            n2_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((-0.18257418583505536)) * n0_4 + R((-0.7071067811865465)) * n0_6 + R((0.5773502691896254)) * n1_1 + R((0.7071067811865477)) * n2_0 + R((-0.18257418583505536)) * n2_2;
    gy[5] += R((-0.4472135954999585)) * n0_3 + R((-0.5773502691896263)) * n0_5 + R((0.7302967433402208)) * n1_2 + R((0.5773502691896253)) * n2_1;
    gy[6] += R((0.6324555320336758)) * n0_2 + R((0.7745966692414828)) * n1_3 + R((0.6324555320336759)) * n2_4;
    gy[7] += R((0.5773502691896254)) * n0_1 + R((0.7302967433402208)) * n1_4 + R((-0.4472135954999582)) * n2_3 + R((0.5773502691896263)) * n2_5;
    gy[8] += R((0.7071067811865489)) * n0_0 + R((0.1825741858350557)) * n0_2 + R((0.5773502691896263)) * n1_5 + R((-0.18257418583505566)) * n2_4 + R((0.707106781186548)) * n2_6;
}
APART void NAME(parameters_1_2_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865489)) * y[8];
    const REAL m0_1 = R((0.5773502691896254)) * y[7];
    const REAL m0_2 = R((0.6324555320336758)) * y[6] + R((0.1825741858350557)) * y[8];
    const REAL m0_3 = R((-0.4472135954999585)) * y[5];
    const REAL m0_4 = R((-0.18257418583505536)) * y[4];
    const REAL m0_5 = R((-0.5773502691896263)) * y[5];
    const REAL m0_6 = R((-0.7071067811865465)) * y[4];
    const REAL m1_1 = R((0.5773502691896254)) * y[4];
    const REAL m1_2 = R((0.7302967433402208)) * y[5];
    const REAL m1_3 = R((0.7745966692414828)) * y[6];
    const REAL m1_4 = R((0.7302967433402208)) * y[7];
    const REAL m1_5 = R((0.5773502691896263)) * y[8];
    const REAL m2_0 = R((0.7071067811865477)) * y[4];
    const REAL m2_1 = R((0.5773502691896253)) * y[5];
    const REAL m2_2 = R((-0.18257418583505536)) * y[4];
    const REAL m2_3 = R((-0.4472135954999582)) * y[7];
    const REAL m2_4 = R((0.6324555320336759)) * y[6] + R((-0.18257418583505566)) * y[8];
    const REAL m2_5 = R((0.5773502691896263)) * y[7];
    const REAL m2_6 = R((0.707106781186548)) * y[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_1_2_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865489)) * y[8];
    const REAL m0_1 = R((0.5773502691896254)) * y[7];
    const REAL m0_2 = R((0.6324555320336758)) * y[6] + R((0.1825741858350557)) * y[8];
    const REAL m0_3 = R((-0.4472135954999585)) * y[5];
    const REAL m0_4 = R((-0.18257418583505536)) * y[4];
    const REAL m0_5 = R((-0.5773502691896263)) * y[5];
    const REAL m0_6 = R((-0.7071067811865465)) * y[4];
    const REAL m1_1 = R((0.5773502691896254)) * y[4];
    const REAL m1_2 = R((0.7302967433402208)) * y[5];
    const REAL m1_3 = R((0.7745966692414828)) * y[6];
    const REAL m1_4 = R((0.7302967433402208)) * y[7];
    const REAL m1_5 = R((0.5773502691896263)) * y[8];
    const REAL m2_0 = R((0.7071067811865477)) * y[4];
    const REAL m2_1 = R((0.5773502691896253)) * y[5];
    const REAL m2_2 = R((-0.18257418583505536)) * y[4];
    const REAL m2_3 = R((-0.4472135954999582)) * y[7];
    const REAL m2_4 = R((0.6324555320336759)) * y[6] + R((-0.18257418583505566)) * y[8];
    const REAL m2_5 = R((0.5773502691896263)) * y[7];
    const REAL m2_6 = R((0.707106781186548)) * y[8];
    const REAL md0_0 = R((0.7071067811865489)) * yd[8];
    const REAL md0_1 = R((0.5773502691896254)) * yd[7];
    const REAL md0_2 = R((0.6324555320336758)) * yd[6] + R((0.1825741858350557)) * yd[8];
    const REAL md0_3 = R((-0.4472135954999585)) * yd[5];
    const REAL md0_4 = R((-0.18257418583505536)) * yd[4];
    const REAL md0_5 = R((-0.5773502691896263)) * yd[5];
    const REAL md0_6 = R((-0.7071067811865465)) * yd[4];
    const REAL md1_1 = R((0.5773502691896254)) * yd[4];
    const REAL md1_2 = R((0.7302967433402208)) * yd[5];
    const REAL md1_3 = R((0.7745966692414828)) * yd[6];
    const REAL md1_4 = R((0.7302967433402208)) * yd[7];
    const REAL md1_5 = R((0.5773502691896263)) * yd[8];
    const REAL md2_0 = R((0.7071067811865477)) * yd[4];
    const REAL md2_1 = R((0.5773502691896253)) * yd[5];
    const REAL md2_2 = R((-0.18257418583505536)) * yd[4];
    const REAL md2_3 = R((-0.4472135954999582)) * yd[7];
    const REAL md2_4 = R((0.6324555320336759)) * yd[6] + R((-0.18257418583505566)) * yd[8];
    const REAL md2_5 = R((0.5773502691896263)) * yd[7];
    const REAL md2_6 = R((0.707106781186548)) * yd[8];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4 + gd5 * m0_5 + gd6 * m0_6;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g5 * m0_5 + g6 * m0_6 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4 + gd5 * md0_5 + gd6 * md0_6;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3 + gd4 * m1_4 + gd5 * m1_5;
            const VEC p = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3 + gd4 * md1_4 + gd5 * md1_5;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4 + gd5 * m2_5 + gd6 * m2_6;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4 + gd5 * md2_5 + gd6 * md2_6;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_1_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865477)) * y[3];
    const REAL m0_1 = R((0.5773502691896254)) * y[2];
    const REAL m0_2 = R((-0.18257418583505536)) * y[3];
    const REAL m0_4 = R((-0.18257418583505536)) * y[1];
    const REAL m0_6 = R((-0.7071067811865465)) * y[1];
    const REAL m1_1 = R((0.5773502691896253)) * y[3];
    const REAL m1_2 = R((0.7302967433402208)) * y[2];
    const REAL m1_3 = R((-0.4472135954999585)) * y[1];
    const REAL m1_5 = R((-0.5773502691896263)) * y[1];
    const REAL m2_2 = R((0.6324555320336758)) * y[1];
    const REAL m2_3 = R((0.7745966692414828)) * y[2];
    const REAL m2_4 = R((0.6324555320336759)) * y[3];
    const REAL m3_1 = R((0.5773502691896254)) * y[1];
    const REAL m3_3 = R((-0.4472135954999582)) * y[3];
    const REAL m3_4 = R((0.7302967433402208)) * y[2];
    const REAL m3_5 = R((0.5773502691896263)) * y[3];
    const REAL m4_0 = R((0.7071067811865489)) * y[1];
    const REAL m4_2 = R((0.1825741858350557)) * y[1];
    const REAL m4_4 = R((-0.18257418583505566)) * y[3];
    const REAL m4_5 = R((0.5773502691896263)) * y[2];
    const REAL m4_6 = R((0.707106781186548)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x4 * m4_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x3 * m3_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x4 * m4_2));
        ADD(a + 3 * ca + u, w * (x1 * m1_3 + x2 * m2_3 + x3 * m3_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4));
        ADD(a + 5 * ca + u, w * (x1 * m1_5 + x3 * m3_5 + x4 * m4_5));
        ADD(a + 6 * ca + u, w * (x0 * m0_6 + x4 * m4_6));
    }
}
APART void NAME(dual_forward_2_1_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865477)) * y[3];
    const REAL m0_1 = R((0.5773502691896254)) * y[2];
    const REAL m0_2 = R((-0.18257418583505536)) * y[3];
    const REAL m0_4 = R((-0.18257418583505536)) * y[1];
    const REAL m0_6 = R((-0.7071067811865465)) * y[1];
    const REAL m1_1 = R((0.5773502691896253)) * y[3];
    const REAL m1_2 = R((0.7302967433402208)) * y[2];
    const REAL m1_3 = R((-0.4472135954999585)) * y[1];
    const REAL m1_5 = R((-0.5773502691896263)) * y[1];
    const REAL m2_2 = R((0.6324555320336758)) * y[1];
    const REAL m2_3 = R((0.7745966692414828)) * y[2];
    const REAL m2_4 = R((0.6324555320336759)) * y[3];
    const REAL m3_1 = R((0.5773502691896254)) * y[1];
    const REAL m3_3 = R((-0.4472135954999582)) * y[3];
    const REAL m3_4 = R((0.7302967433402208)) * y[2];
    const REAL m3_5 = R((0.5773502691896263)) * y[3];
    const REAL m4_0 = R((0.7071067811865489)) * y[1];
    const REAL m4_2 = R((0.1825741858350557)) * y[1];
    const REAL m4_4 = R((-0.18257418583505566)) * y[3];
    const REAL m4_5 = R((0.5773502691896263)) * y[2];
    const REAL m4_6 = R((0.707106781186548)) * y[3];
    const REAL md0_0 = R((0.7071067811865477)) * yd[3];
    const REAL md0_1 = R((0.5773502691896254)) * yd[2];
    const REAL md0_2 = R((-0.18257418583505536)) * yd[3];
    const REAL md0_4 = R((-0.18257418583505536)) * yd[1];
    const REAL md0_6 = R((-0.7071067811865465)) * yd[1];
    const REAL md1_1 = R((0.5773502691896253)) * yd[3];
    const REAL md1_2 = R((0.7302967433402208)) * yd[2];
    const REAL md1_3 = R((-0.4472135954999585)) * yd[1];
    const REAL md1_5 = R((-0.5773502691896263)) * yd[1];
    const REAL md2_2 = R((0.6324555320336758)) * yd[1];
    const REAL md2_3 = R((0.7745966692414828)) * yd[2];
    const REAL md2_4 = R((0.6324555320336759)) * yd[3];
    const REAL md3_1 = R((0.5773502691896254)) * yd[1];
    const REAL md3_3 = R((-0.4472135954999582)) * yd[3];
    const REAL md3_4 = R((0.7302967433402208)) * yd[2];
    const REAL md3_5 = R((0.5773502691896263)) * yd[3];
    const REAL md4_0 = R((0.7071067811865489)) * yd[1];
    const REAL md4_2 = R((0.1825741858350557)) * yd[1];
    const REAL md4_4 = R((-0.18257418583505566)) * yd[3];
    const REAL md4_5 = R((0.5773502691896263)) * yd[2];
    const REAL md4_6 = R((0.707106781186548)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x4 * m4_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd4 * m4_0 + x0 * md0_0 + x4 * md4_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x3 * m3_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd3 * m3_1 + x0 * md0_1 + x1 * md1_1 + x3 * md3_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd4 * m4_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x4 * md4_2) + wd * t2);
        const VEC t3 = x1 * m1_3 + x2 * m2_3 + x3 * m3_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd1 * m1_3 + xd2 * m2_3 + xd3 * m3_3 + x1 * md1_3 + x2 * md2_3 + x3 * md3_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd2 * m2_4 + xd3 * m3_4 + xd4 * m4_4 + x0 * md0_4 + x2 * md2_4 + x3 * md3_4 + x4 * md4_4) + wd * t4);
        const VEC t5 = x1 * m1_5 + x3 * m3_5 + x4 * m4_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd1 * m1_5 + xd3 * m3_5 + xd4 * m4_5 + x1 * md1_5 + x3 * md3_5 + x4 * md4_5) + wd * t5);
        const VEC t6 = x0 * m0_6 + x4 * m4_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd0 * m0_6 + xd4 * m4_6 + x0 * md0_6 + x4 * md4_6) + wd * t6);
    }
}
APART void NAME(backward_2_1_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865477)) * y[3];
    const REAL m0_1 = R((0.5773502691896254)) * y[2];
    const REAL m0_2 = R((-0.18257418583505536)) * y[3];
    const REAL m0_4 = R((-0.18257418583505536)) * y[1];
    const REAL m0_6 = R((-0.7071067811865465)) * y[1];
    const REAL m1_1 = R((0.5773502691896253)) * y[3];
    const REAL m1_2 = R((0.7302967433402208)) * y[2];
    const REAL m1_3 = R((-0.4472135954999585)) * y[1];
    const REAL m1_5 = R((-0.5773502691896263)) * y[1];
    const REAL m2_2 = R((0.6324555320336758)) * y[1];
    const REAL m2_3 = R((0.7745966692414828)) * y[2];
    const REAL m2_4 = R((0.6324555320336759)) * y[3];
    const REAL m3_1 = R((0.5773502691896254)) * y[1];
    const REAL m3_3 = R((-0.4472135954999582)) * y[3];
    const REAL m3_4 = R((0.7302967433402208)) * y[2];
    const REAL m3_5 = R((0.5773502691896263)) * y[3];
    const REAL m4_0 = R((0.7071067811865489)) * y[1];
    const REAL m4_2 = R((0.1825741858350557)) * y[1];
    const REAL m4_4 = R((-0.18257418583505566)) * y[3];
    const REAL m4_5 = R((0.5773502691896263)) * y[2];
    const REAL m4_6 = R((0.707106781186548)) * y[3];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_4 = {0};
    VEC n0_6 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_5 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n3_1 = {0};
    VEC n3_3 = {0};
    VEC n3_4 = {0};
    VEC n3_5 = {0};
    VEC n4_0 = {0};
    VEC n4_2 = {0};
    VEC n4_4 = {0};
    VEC n4_5 = {0};
    VEC n4_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g6 * m0_6;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_4 += xw * g4;
            n0_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g5 * m1_5;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g1 * m3_1 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_1 += xw * g1;
            n3_3 += xw * g3;
            n3_4 += xw * g4;
            n3_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g2 * m4_2 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_2 += xw * g2;
            n4_4 += xw * g4;
            n4_5 += xw * g5;
            n4_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[1] += R((-0.18257418583505536)) * n0_4 + R((-0.7071067811865465)) * n0_6 + R((-0.4472135954999585)) * n1_3 + R((-0.5773502691896263)) * n1_5 + R((0.6324555320336758)) * n2_2 + R((0.5773502691896254)) * n3_1 + R((0.7071067811865489)) * n4_0 + R((0.1825741858350557)) * n4_2;
    gy[2] += R((0.5773502691896254)) * n0_1 + R((0.7302967433402208)) * n1_2 + R((0.7745966692414828)) * n2_3 + R((0.7302967433402208)) * n3_4 + R((0.5773502691896263)) * n4_5;
    gy[3] += R((0.7071067811865477)) * n0_0 + R((-0.18257418583505536)) * n0_2 + R((0.5773502691896253)) * n1_1 + R((0.6324555320336759)) * n2_4 + R((-0.4472135954999582)) * n3_3 + R((0.5773502691896263)) * n3_5 + R((-0.18257418583505566)) * n4_4 + R((0.707106781186548)) * n4_6;
}
APART void NAME(parameters_2_1_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865477)) * y[3];
    const REAL m0_1 = R((0.5773502691896254)) * y[2];
    const REAL m0_2 = R((-0.18257418583505536)) * y[3];
    const REAL m0_4 = R((-0.18257418583505536)) * y[1];
    const REAL m0_6 = R((-0.7071067811865465)) * y[1];
    const REAL m1_1 = R((0.5773502691896253)) * y[3];
    const REAL m1_2 = R((0.7302967433402208)) * y[2];
    const REAL m1_3 = R((-0.4472135954999585)) * y[1];
    const REAL m1_5 = R((-0.5773502691896263)) * y[1];
    const REAL m2_2 = R((0.6324555320336758)) * y[1];
    const REAL m2_3 = R((0.7745966692414828)) * y[2];
    const REAL m2_4 = R((0.6324555320336759)) * y[3];
    const REAL m3_1 = R((0.5773502691896254)) * y[1];
    const REAL m3_3 = R((-0.4472135954999582)) * y[3];
    const REAL m3_4 = R((0.7302967433402208)) * y[2];
    const REAL m3_5 = R((0.5773502691896263)) * y[3];
    const REAL m4_0 = R((0.7071067811865489)) * y[1];
    const REAL m4_2 = R((0.1825741858350557)) * y[1];
    const REAL m4_4 = R((-0.18257418583505566)) * y[3];
    const REAL m4_5 = R((0.5773502691896263)) * y[2];
    const REAL m4_6 = R((0.707106781186548)) * y[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g6 * m0_6;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g5 * m1_5;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g2 * m2_2 + g3 * m2_3 + g4 * m2_4;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g1 * m3_1 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g2 * m4_2 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_1_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((0.7071067811865477)) * y[3];
    const REAL m0_1 = R((0.5773502691896254)) * y[2];
    const REAL m0_2 = R((-0.18257418583505536)) * y[3];
    const REAL m0_4 = R((-0.18257418583505536)) * y[1];
    const REAL m0_6 = R((-0.7071067811865465)) * y[1];
    const REAL m1_1 = R((0.5773502691896253)) * y[3];
    const REAL m1_2 = R((0.7302967433402208)) * y[2];
    const REAL m1_3 = R((-0.4472135954999585)) * y[1];
    const REAL m1_5 = R((-0.5773502691896263)) * y[1];
    const REAL m2_2 = R((0.6324555320336758)) * y[1];
    const REAL m2_3 = R((0.7745966692414828)) * y[2];
    const REAL m2_4 = R((0.6324555320336759)) * y[3];
    const REAL m3_1 = R((0.5773502691896254)) * y[1];
    const REAL m3_3 = R((-0.4472135954999582)) * y[3];
    const REAL m3_4 = R((0.7302967433402208)) * y[2];
    const REAL m3_5 = R((0.5773502691896263)) * y[3];
    const REAL m4_0 = R((0.7071067811865489)) * y[1];
    const REAL m4_2 = R((0.1825741858350557)) * y[1];
    const REAL m4_4 = R((-0.18257418583505566)) * y[3];
    const REAL m4_5 = R((0.5773502691896263)) * y[2];
    const REAL m4_6 = R((0.707106781186548)) * y[3];
    const REAL md0_0 = R((0.7071067811865477)) * yd[3];
    const REAL md0_1 = R((0.5773502691896254)) * yd[2];
    const REAL md0_2 = R((-0.18257418583505536)) * yd[3];
    const REAL md0_4 = R((-0.18257418583505536)) * yd[1];
    const REAL md0_6 = R((-0.7071067811865465)) * yd[1];
    const REAL md1_1 = R((0.5773502691896253)) * yd[3];
    const REAL md1_2 = R((0.7302967433402208)) * yd[2];
    const REAL md1_3 = R((-0.4472135954999585)) * yd[1];
    const REAL md1_5 = R((-0.5773502691896263)) * yd[1];
    const REAL md2_2 = R((0.6324555320336758)) * yd[1];
    const REAL md2_3 = R((0.7745966692414828)) * yd[2];
    const REAL md2_4 = R((0.6324555320336759)) * yd[3];
    const REAL md3_1 = R((0.5773502691896254)) * yd[1];
    const REAL md3_3 = R((-0.4472135954999582)) * yd[3];
    const REAL md3_4 = R((0.7302967433402208)) * yd[2];
    const REAL md3_5 = R((0.5773502691896263)) * yd[3];
    const REAL md4_0 = R((0.7071067811865489)) * yd[1];
    const REAL md4_2 = R((0.1825741858350557)) * yd[1];
    const REAL md4_4 = R((-0.18257418583505566)) * yd[3];
    const REAL md4_5 = R((0.5773502691896263)) * yd[2];
    const REAL md4_6 = R((0.707106781186548)) * yd[3];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd4 * m0_4 + gd6 * m0_6;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g6 * m0_6 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd4 * md0_4 + gd6 * md0_6;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3 + gd5 * m1_5;
            const VEC p = g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g5 * m1_5 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3 + gd5 * md1_5;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4;
            const VEC p = g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m3_1 + gd3 * m3_3 + gd4 * m3_4 + gd5 * m3_5;
            const VEC p = g1 * m3_1 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5 + gd1 * md3_1 + gd3 * md3_3 + gd4 * md3_4 + gd5 * md3_5;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd2 * m4_2 + gd4 * m4_4 + gd5 * m4_5 + gd6 * m4_6;
            const VEC p = g0 * m4_0 + g2 * m4_2 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6 + gd0 * md4_0 + gd2 * md4_2 + gd4 * md4_4 + gd5 * md4_5 + gd6 * md4_6;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_2_3_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.28867513459481253)) * y[13];
    const REAL m0_1 = R((-0.5773502691896255)) * y[12];
    const REAL m0_2 = R((0.44721359549995754)) * y[13] + R((0.2886751345948123)) * y[15];
    const REAL m0_3 = R((-0.5773502691896253)) * y[10];
    const REAL m0_4 = R((-0.28867513459481264)) * y[9] + R((0.4472135954999576)) * y[11];
    const REAL m0_6 = R((0.28867513459481237)) * y[11];
    const REAL m1_0 = R((0.4564354645876384)) * y[14];
    const REAL m1_1 = R((0.3535533905932738)) * y[13] + R((-0.4564354645876384)) * y[15];
    const REAL m1_2 = R((0.1825741858350558)) * y[12] + R((-0.35355339059327395)) * y[14];
    const REAL m1_3 = R((0.1825741858350558)) * y[11];
    const REAL m1_4 = R((0.3535533905932738)) * y[10];
    const REAL m1_5 = R((0.45643546458763856)) * y[9] + R((-0.35355339059327395)) * y[11];
    const REAL m1_6 = R((-0.4564354645876384)) * y[10];
    const REAL m2_0 = R((-0.6454972243679028)) * y[9];
    const REAL m2_2 = R((0.3872983346207426)) * y[11];
    const REAL m2_3 = R((0.5163977794943225)) * y[12];
    const REAL m2_4 = R((0.3872983346207425)) * y[13];
    const REAL m2_6 = R((-0.6454972243679025)) * y[15];
    const REAL m3_0 = R((0.4564354645876382)) * y[10];
    const REAL m3_1 = R((0.4564354645876382)) * y[9] + R((0.35355339059327373)) * y[11];
    const REAL m3_2 = R((0.35355339059327373)) * y[10];
    const REAL m3_3 = R((0.18257418583505577)) * y[13];
    const REAL m3_4 = R((0.1825741858350557)) * y[12] + R((0.35355339059327384)) * y[14];
    const REAL m3_5 = R((0.35355339059327384)) * y[13] + R((0.45643546458763845)) * y[15];
    const REAL m3_6 = R((0.4564354645876384)) * y[14];
    const REAL m4_0 = R((-0.28867513459481287)) * y[11];
    const REAL m4_2 = R((-0.2886751345948128)) * y[9] + R((-0.4472135954999581)) * y[11];
    const REAL m4_3 = R((-0.5773502691896261)) * y[14];
    const REAL m4_4 = R((0.4472135954999579)) * y[13] + R((-0.28867513459481303)) * y[15];
    const REAL m4_5 = R((-0.5773502691896258)) * y[12];
    const REAL m4_6 = R((-0.28867513459481303)) * y[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x1 * m1_1 + x3 * m3_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2));
        ADD(a + 3 * ca + u, w * (x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4));
        ADD(a + 5 * ca + u, w * (x1 * m1_5 + x3 * m3_5 + x4 * m4_5));
        ADD(a + 6 * ca + u, w * (x0 * m0_6 + x1 * m1_6 + x2 * m2_6 + x3 * m3_6 + x4 * m4_6));
    }
}
APART void NAME(dual_forward_2_3_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.28867513459481253)) * y[13];
    const REAL m0_1 = R((-0.5773502691896255)) * y[12];
    const REAL m0_2 = R((0.44721359549995754)) * y[13] + R((0.2886751345948123)) * y[15];
    const REAL m0_3 = R((-0.5773502691896253)) * y[10];
    const REAL m0_4 = R((-0.28867513459481264)) * y[9] + R((0.4472135954999576)) * y[11];
    const REAL m0_6 = R((0.28867513459481237)) * y[11];
    const REAL m1_0 = R((0.4564354645876384)) * y[14];
    const REAL m1_1 = R((0.3535533905932738)) * y[13] + R((-0.4564354645876384)) * y[15];
    const REAL m1_2 = R((0.1825741858350558)) * y[12] + R((-0.35355339059327395)) * y[14];
    const REAL m1_3 = R((0.1825741858350558)) * y[11];
    const REAL m1_4 = R((0.3535533905932738)) * y[10];
    const REAL m1_5 = R((0.45643546458763856)) * y[9] + R((-0.35355339059327395)) * y[11];
    const REAL m1_6 = R((-0.4564354645876384)) * y[10];
    const REAL m2_0 = R((-0.6454972243679028)) * y[9];
    const REAL m2_2 = R((0.3872983346207426)) * y[11];
    const REAL m2_3 = R((0.5163977794943225)) * y[12];
    const REAL m2_4 = R((0.3872983346207425)) * y[13];
    const REAL m2_6 = R((-0.6454972243679025)) * y[15];
    const REAL m3_0 = R((0.4564354645876382)) * y[10];
    const REAL m3_1 = R((0.4564354645876382)) * y[9] + R((0.35355339059327373)) * y[11];
    const REAL m3_2 = R((0.35355339059327373)) * y[10];
    const REAL m3_3 = R((0.18257418583505577)) * y[13];
    const REAL m3_4 = R((0.1825741858350557)) * y[12] + R((0.35355339059327384)) * y[14];
    const REAL m3_5 = R((0.35355339059327384)) * y[13] + R((0.45643546458763845)) * y[15];
    const REAL m3_6 = R((0.4564354645876384)) * y[14];
    const REAL m4_0 = R((-0.28867513459481287)) * y[11];
    const REAL m4_2 = R((-0.2886751345948128)) * y[9] + R((-0.4472135954999581)) * y[11];
    const REAL m4_3 = R((-0.5773502691896261)) * y[14];
    const REAL m4_4 = R((0.4472135954999579)) * y[13] + R((-0.28867513459481303)) * y[15];
    const REAL m4_5 = R((-0.5773502691896258)) * y[12];
    const REAL m4_6 = R((-0.28867513459481303)) * y[13];
    const REAL md0_0 = R((-0.28867513459481253)) * yd[13];
    const REAL md0_1 = R((-0.5773502691896255)) * yd[12];
    const REAL md0_2 = R((0.44721359549995754)) * yd[13] + R((0.2886751345948123)) * yd[15];
    const REAL md0_3 = R((-0.5773502691896253)) * yd[10];
    const REAL md0_4 = R((-0.28867513459481264)) * yd[9] + R((0.4472135954999576)) * yd[11];
    const REAL md0_6 = R((0.28867513459481237)) * yd[11];
    const REAL md1_0 = R((0.4564354645876384)) * yd[14];
    const REAL md1_1 = R((0.3535533905932738)) * yd[13] + R((-0.4564354645876384)) * yd[15];
    const REAL md1_2 = R((0.1825741858350558)) * yd[12] + R((-0.35355339059327395)) * yd[14];
    const REAL md1_3 = R((0.1825741858350558)) * yd[11];
    const REAL md1_4 = R((0.3535533905932738)) * yd[10];
    const REAL md1_5 = R((0.45643546458763856)) * yd[9] + R((-0.35355339059327395)) * yd[11];
    const REAL md1_6 = R((-0.4564354645876384)) * yd[10];
    const REAL md2_0 = R((-0.6454972243679028)) * yd[9];
    const REAL md2_2 = R((0.3872983346207426)) * yd[11];
    const REAL md2_3 = R((0.5163977794943225)) * yd[12];
    const REAL md2_4 = R((0.3872983346207425)) * yd[13];
    const REAL md2_6 = R((-0.6454972243679025)) * yd[15];
    const REAL md3_0 = R((0.4564354645876382)) * yd[10];
    const REAL md3_1 = R((0.4564354645876382)) * yd[9] + R((0.35355339059327373)) * yd[11];
    const REAL md3_2 = R((0.35355339059327373)) * yd[10];
    const REAL md3_3 = R((0.18257418583505577)) * yd[13];
    const REAL md3_4 = R((0.1825741858350557)) * yd[12] + R((0.35355339059327384)) * yd[14];
    const REAL md3_5 = R((0.35355339059327384)) * yd[13] + R((0.45643546458763845)) * yd[15];
    const REAL md3_6 = R((0.4564354645876384)) * yd[14];
    const REAL md4_0 = R((-0.28867513459481287)) * yd[11];
    const REAL md4_2 = R((-0.2886751345948128)) * yd[9] + R((-0.4472135954999581)) * yd[11];
    const REAL md4_3 = R((-0.5773502691896261)) * yd[14];
    const REAL md4_4 = R((0.4472135954999579)) * yd[13] + R((-0.28867513459481303)) * yd[15];
    const REAL md4_5 = R((-0.5773502691896258)) * yd[12];
    const REAL md4_6 = R((-0.28867513459481303)) * yd[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x3 * m3_0 + x4 * m4_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd3 * m3_0 + xd4 * m4_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x3 * md3_0 + x4 * md4_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x1 * m1_1 + x3 * m3_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd1 * m1_1 + xd3 * m3_1 + x0 * md0_1 + x1 * md1_1 + x3 * md3_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2) + wd * t2);
        const VEC t3 = x0 * m0_3 + x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd0 * m0_3 + xd1 * m1_3 + xd2 * m2_3 + xd3 * m3_3 + xd4 * m4_3 + x0 * md0_3 + x1 * md1_3 + x2 * md2_3 + x3 * md3_3 + x4 * md4_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd1 * m1_4 + xd2 * m2_4 + xd3 * m3_4 + xd4 * m4_4 + x0 * md0_4 + x1 * md1_4 + x2 * md2_4 + x3 * md3_4 + x4 * md4_4) + wd * t4);
        const VEC t5 = x1 * m1_5 + x3 * m3_5 + x4 * m4_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd1 * m1_5 + xd3 * m3_5 + xd4 * m4_5 + x1 * md1_5 + x3 * md3_5 + x4 * md4_5) + wd * t5);
        const VEC t6 = x0 * m0_6 + x1 * m1_6 + x2 * m2_6 + x3 * m3_6 + x4 * m4_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd0 * m0_6 + xd1 * m1_6 + xd2 * m2_6 + xd3 * m3_6 + xd4 * m4_6 + x0 * md0_6 + x1 * md1_6 + x2 * md2_6 + x3 * md3_6 + x4 * md4_6) + wd * t6);
    }
}
APART void NAME(backward_2_3_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.28867513459481253)) * y[13];
    const REAL m0_1 = R((-0.5773502691896255)) * y[12];
    const REAL m0_2 = R((0.44721359549995754)) * y[13] + R((0.2886751345948123)) * y[15];
    const REAL m0_3 = R((-0.5773502691896253)) * y[10];
    const REAL m0_4 = R((-0.28867513459481264)) * y[9] + R((0.4472135954999576)) * y[11];
    const REAL m0_6 = R((0.28867513459481237)) * y[11];
    const REAL m1_0 = R((0.4564354645876384)) * y[14];
    const REAL m1_1 = R((0.3535533905932738)) * y[13] + R((-0.4564354645876384)) * y[15];
    const REAL m1_2 = R((0.1825741858350558)) * y[12] + R((-0.35355339059327395)) * y[14];
    const REAL m1_3 = R((0.1825741858350558)) * y[11];
    const REAL m1_4 = R((0.3535533905932738)) * y[10];
    const REAL m1_5 = R((0.45643546458763856)) * y[9] + R((-0.35355339059327395)) * y[11];
    const REAL m1_6 = R((-0.4564354645876384)) * y[10];
    const REAL m2_0 = R((-0.6454972243679028)) * y[9];
    const REAL m2_2 = R((0.3872983346207426)) * y[11];
    const REAL m2_3 = R((0.5163977794943225)) * y[12];
    const REAL m2_4 = R((0.3872983346207425)) * y[13];
    const REAL m2_6 = R((-0.6454972243679025)) * y[15];
    const REAL m3_0 = R((0.4564354645876382)) * y[10];
    const REAL m3_1 = R((0.4564354645876382)) * y[9] + R((0.35355339059327373)) * y[11];
    const REAL m3_2 = R((0.35355339059327373)) * y[10];
    const REAL m3_3 = R((0.18257418583505577)) * y[13];
    const REAL m3_4 = R((0.1825741858350557)) * y[12] + R((0.35355339059327384)) * y[14];
    const REAL m3_5 = R((0.35355339059327384)) * y[13] + R((0.45643546458763845)) * y[15];
    const REAL m3_6 = R((0.4564354645876384)) * y[14];
    const REAL m4_0 = R((-0.28867513459481287)) * y[11];
    const REAL m4_2 = R((-0.2886751345948128)) * y[9] + R((-0.4472135954999581)) * y[11];
    const REAL m4_3 = R((-0.5773502691896261)) * y[14];
    const REAL m4_4 = R((0.4472135954999579)) * y[13] + R((-0.28867513459481303)) * y[15];
    const REAL m4_5 = R((-0.5773502691896258)) * y[12];
    const REAL m4_6 = R((-0.28867513459481303)) * y[13];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_3 = {0};
    VEC n0_4 = {0};
    VEC n0_6 = {0};
    VEC n1_0 = {0};
    VEC n1_1 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_4 = {0};
    VEC n1_5 = {0};
    VEC n1_6 = {0};
    VEC n2_0 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n2_6 = {0};
    VEC n3_0 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n3_3 = {0};
    VEC n3_4 = {0};
    VEC n3_5 = {0};
    VEC n3_6 = {0};
    VEC n4_0 = {0};
    VEC n4_2 = {0};
    VEC n4_3 = {0};
    VEC n4_4 = {0};
    VEC n4_5 = {0};
    VEC n4_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g6 * m0_6;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_3 += xw * g3;
            n0_4 += xw * g4;
            n0_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5 + g6 * m1_6;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_1 += xw * g1;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_4 += xw * g4;
            n1_5 += xw * g5;
            n1_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g6 * m2_6;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
            n2_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5 + g6 * m3_6;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_0 += xw * g0;
            n3_1 += xw * g1;
            n3_2 += xw * g2;
            n3_3 += xw * g3;
            n3_4 += xw * g4;
            n3_5 += xw * g5;
            n3_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_2 += xw * g2;
            n4_3 += xw * g3;
            n4_4 += xw * g4;
            n4_5 += xw * g5;
            n4_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[9] += R((-0.28867513459481264)) * n0_4 + R((0.45643546458763856)) * n1_5 + R((-0.6454972243679028)) * n2_0 + R((0.4564354645876382)) * n3_1 + R((-0.2886751345948128)) * n4_2;
    gy[10] += R((-0.5773502691896253)) * n0_3 + R((0.3535533905932738)) * n1_4 + R((-0.4564354645876384)) * n1_6 + R((0.4564354645876382)) * n3_0 + R((0.35355339059327373)) * n3_2;
    gy[11] += R((0.4472135954999576)) * n0_4 + R((0.28867513459481237)) * n0_6 + R((0.1825741858350558)) * n1_3 + R((-0.35355339059327395)) * n1_5 + R((0.3872983346207426)) * n2_2 + R((0.35355339059327373)) * n3_1 + R((-0.28867513459481287)) * n4_0 + R((-0.4472135954999581)) * n4_2;
    gy[12] += R((-0.5773502691896255)) * n0_1 + R((0.1825741858350558)) * n1_2 + R((0.5163977794943225)) * n2_3 + R((0.1825741858350557)) * n3_4 + R((-0.5773502691896258)) * n4_5;
    gy[13] += R((-0.28867513459481253)) * n0_0 + R((0.44721359549995754)) * n0_2 + R((0.3535533905932738)) * n1_1 + R((0.3872983346207425)) * n2_4 + R((0.18257418583505577)) * n3_3 + R((0.35355339059327384)) * n3_5 + R((0.4472135954999579)) * n4_4 + R((-0.28867513459481303)) * n4_6;
    gy[14] += R((0.4564354645876384)) * n1_0 + R((-0.35355339059327395)) * n1_2 + R((0.35355339059327384)) * n3_4 + R((0.4564354645876384)) * n3_6 + R((-0.5773502691896261)) * n4_3;
    gy[15] += R((0.2886751345948123)) * n0_2 + R((-0.4564354645876384)) * n1_1 + R((-0.6454972243679025)) * n2_6 + R((0.45643546458763845)) * n3_5 + R((-0.28867513459481303)) * n4_4;
}
APART void NAME(parameters_2_3_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.28867513459481253)) * y[13];
    const REAL m0_1 = R((-0.5773502691896255)) * y[12];
    const REAL m0_2 = R((0.44721359549995754)) * y[13] + R((0.2886751345948123)) * y[15];
    const REAL m0_3 = R((-0.5773502691896253)) * y[10];
    const REAL m0_4 = R((-0.28867513459481264)) * y[9] + R((0.4472135954999576)) * y[11];
    const REAL m0_6 = R((0.28867513459481237)) * y[11];
    const REAL m1_0 = R((0.4564354645876384)) * y[14];
    const REAL m1_1 = R((0.3535533905932738)) * y[13] + R((-0.4564354645876384)) * y[15];
    const REAL m1_2 = R((0.1825741858350558)) * y[12] + R((-0.35355339059327395)) * y[14];
    const REAL m1_3 = R((0.1825741858350558)) * y[11];
    const REAL m1_4 = R((0.3535533905932738)) * y[10];
    const REAL m1_5 = R((0.45643546458763856)) * y[9] + R((-0.35355339059327395)) * y[11];
    const REAL m1_6 = R((-0.4564354645876384)) * y[10];
    const REAL m2_0 = R((-0.6454972243679028)) * y[9];
    const REAL m2_2 = R((0.3872983346207426)) * y[11];
    const REAL m2_3 = R((0.5163977794943225)) * y[12];
    const REAL m2_4 = R((0.3872983346207425)) * y[13];
    const REAL m2_6 = R((-0.6454972243679025)) * y[15];
    const REAL m3_0 = R((0.4564354645876382)) * y[10];
    const REAL m3_1 = R((0.4564354645876382)) * y[9] + R((0.35355339059327373)) * y[11];
    const REAL m3_2 = R((0.35355339059327373)) * y[10];
    const REAL m3_3 = R((0.18257418583505577)) * y[13];
    const REAL m3_4 = R((0.1825741858350557)) * y[12] + R((0.35355339059327384)) * y[14];
    const REAL m3_5 = R((0.35355339059327384)) * y[13] + R((0.45643546458763845)) * y[15];
    const REAL m3_6 = R((0.4564354645876384)) * y[14];
    const REAL m4_0 = R((-0.28867513459481287)) * y[11];
    const REAL m4_2 = R((-0.2886751345948128)) * y[9] + R((-0.4472135954999581)) * y[11];
    const REAL m4_3 = R((-0.5773502691896261)) * y[14];
    const REAL m4_4 = R((0.4472135954999579)) * y[13] + R((-0.28867513459481303)) * y[15];
    const REAL m4_5 = R((-0.5773502691896258)) * y[12];
    const REAL m4_6 = R((-0.28867513459481303)) * y[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g6 * m0_6;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5 + g6 * m1_6;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g6 * m2_6;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5 + g6 * m3_6;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_2_3_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.28867513459481253)) * y[13];
    const REAL m0_1 = R((-0.5773502691896255)) * y[12];
    const REAL m0_2 = R((0.44721359549995754)) * y[13] + R((0.2886751345948123)) * y[15];
    const REAL m0_3 = R((-0.5773502691896253)) * y[10];
    const REAL m0_4 = R((-0.28867513459481264)) * y[9] + R((0.4472135954999576)) * y[11];
    const REAL m0_6 = R((0.28867513459481237)) * y[11];
    const REAL m1_0 = R((0.4564354645876384)) * y[14];
    const REAL m1_1 = R((0.3535533905932738)) * y[13] + R((-0.4564354645876384)) * y[15];
    const REAL m1_2 = R((0.1825741858350558)) * y[12] + R((-0.35355339059327395)) * y[14];
    const REAL m1_3 = R((0.1825741858350558)) * y[11];
    const REAL m1_4 = R((0.3535533905932738)) * y[10];
    const REAL m1_5 = R((0.45643546458763856)) * y[9] + R((-0.35355339059327395)) * y[11];
    const REAL m1_6 = R((-0.4564354645876384)) * y[10];
    const REAL m2_0 = R((-0.6454972243679028)) * y[9];
    const REAL m2_2 = R((0.3872983346207426)) * y[11];
    const REAL m2_3 = R((0.5163977794943225)) * y[12];
    const REAL m2_4 = R((0.3872983346207425)) * y[13];
    const REAL m2_6 = R((-0.6454972243679025)) * y[15];
    const REAL m3_0 = R((0.4564354645876382)) * y[10];
    const REAL m3_1 = R((0.4564354645876382)) * y[9] + R((0.35355339059327373)) * y[11];
    const REAL m3_2 = R((0.35355339059327373)) * y[10];
    const REAL m3_3 = R((0.18257418583505577)) * y[13];
    const REAL m3_4 = R((0.1825741858350557)) * y[12] + R((0.35355339059327384)) * y[14];
    const REAL m3_5 = R((0.35355339059327384)) * y[13] + R((0.45643546458763845)) * y[15];
    const REAL m3_6 = R((0.4564354645876384)) * y[14];
    const REAL m4_0 = R((-0.28867513459481287)) * y[11];
    const REAL m4_2 = R((-0.2886751345948128)) * y[9] + R((-0.4472135954999581)) * y[11];
    const REAL m4_3 = R((-0.5773502691896261)) * y[14];
    const REAL m4_4 = R((0.4472135954999579)) * y[13] + R((-0.28867513459481303)) * y[15];
    const REAL m4_5 = R((-0.5773502691896258)) * y[12];
    const REAL m4_6 = R((-0.28867513459481303)) * y[13];
    const REAL md0_0 = R((-0.28867513459481253)) * yd[13];
    const REAL md0_1 = R((-0.5773502691896255)) * yd[12];
    const REAL md0_2 = R((0.44721359549995754)) * yd[13] + R((0.2886751345948123)) * yd[15];
    const REAL md0_3 = R((-0.5773502691896253)) * yd[10];
    const REAL md0_4 = R((-0.28867513459481264)) * yd[9] + R((0.4472135954999576)) * yd[11];
    const REAL md0_6 = R((0.28867513459481237)) * yd[11];
    const REAL md1_0 = R((0.4564354645876384)) * yd[14];
    const REAL md1_1 = R((0.3535533905932738)) * yd[13] + R((-0.4564354645876384)) * yd[15];
    const REAL md1_2 = R((0.1825741858350558)) * yd[12] + R((-0.35355339059327395)) * yd[14];
    const REAL md1_3 = R((0.1825741858350558)) * yd[11];
    const REAL md1_4 = R((0.3535533905932738)) * yd[10];
    const REAL md1_5 = R((0.45643546458763856)) * yd[9] + R((-0.35355339059327395)) * yd[11];
    const REAL md1_6 = R((-0.4564354645876384)) * yd[10];
    const REAL md2_0 = R((-0.6454972243679028)) * yd[9];
    const REAL md2_2 = R((0.3872983346207426)) * yd[11];
    const REAL md2_3 = R((0.5163977794943225)) * yd[12];
    const REAL md2_4 = R((0.3872983346207425)) * yd[13];
    const REAL md2_6 = R((-0.6454972243679025)) * yd[15];
    const REAL md3_0 = R((0.4564354645876382)) * yd[10];
    const REAL md3_1 = R((0.4564354645876382)) * yd[9] + R((0.35355339059327373)) * yd[11];
    const REAL md3_2 = R((0.35355339059327373)) * yd[10];
    const REAL md3_3 = R((0.18257418583505577)) * yd[13];
    const REAL md3_4 = R((0.1825741858350557)) * yd[12] + R((0.35355339059327384)) * yd[14];
    const REAL md3_5 = R((0.35355339059327384)) * yd[13] + R((0.45643546458763845)) * yd[15];
    const REAL md3_6 = R((0.4564354645876384)) * yd[14];
    const REAL md4_0 = R((-0.28867513459481287)) * yd[11];
    const REAL md4_2 = R((-0.2886751345948128)) * yd[9] + R((-0.4472135954999581)) * yd[11];
    const REAL md4_3 = R((-0.5773502691896261)) * yd[14];
    const REAL md4_4 = R((0.4472135954999579)) * yd[13] + R((-0.28867513459481303)) * yd[15];
    const REAL md4_5 = R((-0.5773502691896258)) * yd[12];
    const REAL md4_6 = R((-0.28867513459481303)) * yd[13];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd3 * m0_3 + gd4 * m0_4 + gd6 * m0_6;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g3 * m0_3 + g4 * m0_4 + g6 * m0_6 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd3 * md0_3 + gd4 * md0_4 + gd6 * md0_6;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd1 * m1_1 + gd2 * m1_2 + gd3 * m1_3 + gd4 * m1_4 + gd5 * m1_5 + gd6 * m1_6;
            const VEC p = g0 * m1_0 + g1 * m1_1 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g5 * m1_5 + g6 * m1_6 + gd0 * md1_0 + gd1 * md1_1 + gd2 * md1_2 + gd3 * md1_3 + gd4 * md1_4 + gd5 * md1_5 + gd6 * md1_6;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4 + gd6 * m2_6;
            const VEC p = g0 * m2_0 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g6 * m2_6 + gd0 * md2_0 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4 + gd6 * md2_6;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m3_0 + gd1 * m3_1 + gd2 * m3_2 + gd3 * m3_3 + gd4 * m3_4 + gd5 * m3_5 + gd6 * m3_6;
            const VEC p = g0 * m3_0 + g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5 + g6 * m3_6 + gd0 * md3_0 + gd1 * md3_1 + gd2 * md3_2 + gd3 * md3_3 + gd4 * md3_4 + gd5 * md3_5 + gd6 * md3_6;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd2 * m4_2 + gd3 * m4_3 + gd4 * m4_4 + gd5 * m4_5 + gd6 * m4_6;
            const VEC p = g0 * m4_0 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6 + gd0 * md4_0 + gd2 * md4_2 + gd3 * md4_3 + gd4 * md4_4 + gd5 * md4_5 + gd6 * md4_6;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_0_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[0];
    const REAL m1_1 = R((0.9999999999999994)) * y[0];
    const REAL m2_2 = R((0.9999999999999996)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL m5_5 = R((1.0000000000000009)) * y[0];
    const REAL m6_6 = R((0.9999999999999994)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0));
        ADD(a + 1 * ca + u, w * (x1 * m1_1));
        ADD(a + 2 * ca + u, w * (x2 * m2_2));
        ADD(a + 3 * ca + u, w * (x3 * m3_3));
        ADD(a + 4 * ca + u, w * (x4 * m4_4));
        ADD(a + 5 * ca + u, w * (x5 * m5_5));
        ADD(a + 6 * ca + u, w * (x6 * m6_6));
    }
}
APART void NAME(dual_forward_3_0_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[0];
    const REAL m1_1 = R((0.9999999999999994)) * y[0];
    const REAL m2_2 = R((0.9999999999999996)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL m5_5 = R((1.0000000000000009)) * y[0];
    const REAL m6_6 = R((0.9999999999999994)) * y[0];
    const REAL md0_0 = R((1.0000000000000009)) * yd[0];
    const REAL md1_1 = R((0.9999999999999994)) * yd[0];
    const REAL md2_2 = R((0.9999999999999996)) * yd[0];
    const REAL md3_3 = R((0.9999999999999998)) * yd[0];
    const REAL md4_4 = R((0.9999999999999996)) * yd[0];
    const REAL md5_5 = R((1.0000000000000009)) * yd[0];
    const REAL md6_6 = R((0.9999999999999994)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + x0 * md0_0) + wd * t0);
        const VEC t1 = x1 * m1_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd1 * m1_1 + x1 * md1_1) + wd * t1);
        const VEC t2 = x2 * m2_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd2 * m2_2 + x2 * md2_2) + wd * t2);
        const VEC t3 = x3 * m3_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd3 * m3_3 + x3 * md3_3) + wd * t3);
        const VEC t4 = x4 * m4_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd4 * m4_4 + x4 * md4_4) + wd * t4);
        const VEC t5 = x5 * m5_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd5 * m5_5 + x5 * md5_5) + wd * t5);
        const VEC t6 = x6 * m6_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd6 * m6_6 + x6 * md6_6) + wd * t6);
    }
}
APART void NAME(backward_3_0_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[0];
    const REAL m1_1 = R((0.9999999999999994)) * y[0];
    const REAL m2_2 = R((0.9999999999999996)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL m5_5 = R((1.0000000000000009)) * y[0];
    const REAL m6_6 = R((0.9999999999999994)) * y[0];
    VEC n0_0 = {0};
    VEC n1_1 = {0};
    VEC n2_2 = {0};
    VEC n3_3 = {0};
    VEC n4_4 = {0};
    VEC n5_5 = {0};
    VEC n6_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g1 * m1_1;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_1 += xw * g1;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g2 * m2_2;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_2 += xw * g2;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g3 * m3_3;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_3 += xw * g3;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g4 * m4_4;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_4 += xw * g4;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g5 * m5_5;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g6 * m6_6;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[0] += R((1.0000000000000009)) * n0_0 + R((0.9999999999999994)) * n1_1 + R((0.9999999999999996)) * n2_2 + R((0.9999999999999998)) * n3_3 + R((0.9999999999999996)) * n4_4 + R((1.0000000000000009)) * n5_5 + R((0.9999999999999994)) * n6_6;
}
APART void NAME(parameters_3_0_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[0];
    const REAL m1_1 = R((0.9999999999999994)) * y[0];
    const REAL m2_2 = R((0.9999999999999996)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL m5_5 = R((1.0000000000000009)) * y[0];
    const REAL m6_6 = R((0.9999999999999994)) * y[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g1 * m1_1;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g2 * m2_2;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g3 * m3_3;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g4 * m4_4;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g5 * m5_5;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g6 * m6_6;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_0_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((1.0000000000000009)) * y[0];
    const REAL m1_1 = R((0.9999999999999994)) * y[0];
    const REAL m2_2 = R((0.9999999999999996)) * y[0];
    const REAL m3_3 = R((0.9999999999999998)) * y[0];
    const REAL m4_4 = R((0.9999999999999996)) * y[0];
    const REAL m5_5 = R((1.0000000000000009)) * y[0];
    const REAL m6_6 = R((0.9999999999999994)) * y[0];
    const REAL md0_0 = R((1.0000000000000009)) * yd[0];
    const REAL md1_1 = R((0.9999999999999994)) * yd[0];
    const REAL md2_2 = R((0.9999999999999996)) * yd[0];
    const REAL md3_3 = R((0.9999999999999998)) * yd[0];
    const REAL md4_4 = R((0.9999999999999996)) * yd[0];
    const REAL md5_5 = R((1.0000000000000009)) * yd[0];
    const REAL md6_6 = R((0.9999999999999994)) * yd[0];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0;
            const VEC p = g0 * m0_0 + gd0 * md0_0;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m1_1;
            const VEC p = g1 * m1_1 + gd1 * md1_1;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd2 * m2_2;
            const VEC p = g2 * m2_2 + gd2 * md2_2;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd3 * m3_3;
            const VEC p = g3 * m3_3 + gd3 * md3_3;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd4 * m4_4;
            const VEC p = g4 * m4_4 + gd4 * md4_4;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd5 * m5_5;
            const VEC p = g5 * m5_5 + gd5 * md5_5;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd6 * m6_6;
            const VEC p = g6 * m6_6 + gd6 * md6_6;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
APART void NAME(forward_3_2_3)(FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.6454972243679028)) * y[6];
    const REAL m0_1 = R((0.4564354645876382)) * y[7];
    const REAL m0_2 = R((-0.2886751345948128)) * y[8];
    const REAL m0_4 = R((-0.28867513459481264)) * y[4];
    const REAL m0_5 = R((0.45643546458763856)) * y[5];
    const REAL m1_0 = R((0.4564354645876382)) * y[7];
    const REAL m1_2 = R((0.35355339059327373)) * y[7];
    const REAL m1_3 = R((-0.5773502691896253)) * y[4];
    const REAL m1_4 = R((0.3535533905932738)) * y[5];
    const REAL m1_6 = R((-0.4564354645876384)) * y[5];
    const REAL m2_0 = R((-0.28867513459481287)) * y[8];
    const REAL m2_1 = R((0.35355339059327373)) * y[7];
    const REAL m2_2 = R((0.3872983346207426)) * y[6] + R((-0.4472135954999581)) * y[8];
    const REAL m2_3 = R((0.1825741858350558)) * y[5];
    const REAL m2_4 = R((0.4472135954999576)) * y[4];
    const REAL m2_5 = R((-0.35355339059327395)) * y[5];
    const REAL m2_6 = R((0.28867513459481237)) * y[4];
    const REAL m3_1 = R((-0.5773502691896255)) * y[4];
    const REAL m3_2 = R((0.1825741858350558)) * y[5];
    const REAL m3_3 = R((0.5163977794943225)) * y[6];
    const REAL m3_4 = R((0.1825741858350557)) * y[7];
    const REAL m3_5 = R((-0.5773502691896258)) * y[8];
    const REAL m4_0 = R((-0.28867513459481253)) * y[4];
    const REAL m4_1 = R((0.3535533905932738)) * y[5];
    const REAL m4_2 = R((0.44721359549995754)) * y[4];
    const REAL m4_3 = R((0.18257418583505577)) * y[7];
    const REAL m4_4 = R((0.3872983346207425)) * y[6] + R((0.4472135954999579)) * y[8];
    const REAL m4_5 = R((0.35355339059327384)) * y[7];
    const REAL m4_6 = R((-0.28867513459481303)) * y[8];
    const REAL m5_0 = R((0.4564354645876384)) * y[5];
    const REAL m5_2 = R((-0.35355339059327395)) * y[5];
    const REAL m5_3 = R((-0.5773502691896261)) * y[8];
    const REAL m5_4 = R((0.35355339059327384)) * y[7];
    const REAL m5_6 = R((0.4564354645876384)) * y[7];
    const REAL m6_1 = R((-0.4564354645876384)) * y[5];
    const REAL m6_2 = R((0.2886751345948123)) * y[4];
    const REAL m6_4 = R((-0.28867513459481303)) * y[8];
    const REAL m6_5 = R((0.45643546458763845)) * y[7];
    const REAL m6_6 = R((-0.6454972243679025)) * y[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        ADD(a + 0 * ca + u, w * (x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0 + x5 * m5_0));
        ADD(a + 1 * ca + u, w * (x0 * m0_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x6 * m6_1));
        ADD(a + 2 * ca + u, w * (x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x5 * m5_2 + x6 * m6_2));
        ADD(a + 3 * ca + u, w * (x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3));
        ADD(a + 4 * ca + u, w * (x0 * m0_4 + x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4));
        ADD(a + 5 * ca + u, w * (x0 * m0_5 + x2 * m2_5 + x3 * m3_5 + x4 * m4_5 + x6 * m6_5));
        ADD(a + 6 * ca + u, w * (x1 * m1_6 + x2 * m2_6 + x4 * m4_6 + x5 * m5_6 + x6 * m6_6));
    }
}
APART void NAME(dual_forward_3_2_3)(DUAL_FORWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.6454972243679028)) * y[6];
    const REAL m0_1 = R((0.4564354645876382)) * y[7];
    const REAL m0_2 = R((-0.2886751345948128)) * y[8];
    const REAL m0_4 = R((-0.28867513459481264)) * y[4];
    const REAL m0_5 = R((0.45643546458763856)) * y[5];
    const REAL m1_0 = R((0.4564354645876382)) * y[7];
    const REAL m1_2 = R((0.35355339059327373)) * y[7];
    const REAL m1_3 = R((-0.5773502691896253)) * y[4];
    const REAL m1_4 = R((0.3535533905932738)) * y[5];
    const REAL m1_6 = R((-0.4564354645876384)) * y[5];
    const REAL m2_0 = R((-0.28867513459481287)) * y[8];
    const REAL m2_1 = R((0.35355339059327373)) * y[7];
    const REAL m2_2 = R((0.3872983346207426)) * y[6] + R((-0.4472135954999581)) * y[8];
    const REAL m2_3 = R((0.1825741858350558)) * y[5];
    const REAL m2_4 = R((0.4472135954999576)) * y[4];
    const REAL m2_5 = R((-0.35355339059327395)) * y[5];
    const REAL m2_6 = R((0.28867513459481237)) * y[4];
    const REAL m3_1 = R((-0.5773502691896255)) * y[4];
    const REAL m3_2 = R((0.1825741858350558)) * y[5];
    const REAL m3_3 = R((0.5163977794943225)) * y[6];
    const REAL m3_4 = R((0.1825741858350557)) * y[7];
    const REAL m3_5 = R((-0.5773502691896258)) * y[8];
    const REAL m4_0 = R((-0.28867513459481253)) * y[4];
    const REAL m4_1 = R((0.3535533905932738)) * y[5];
    const REAL m4_2 = R((0.44721359549995754)) * y[4];
    const REAL m4_3 = R((0.18257418583505577)) * y[7];
    const REAL m4_4 = R((0.3872983346207425)) * y[6] + R((0.4472135954999579)) * y[8];
    const REAL m4_5 = R((0.35355339059327384)) * y[7];
    const REAL m4_6 = R((-0.28867513459481303)) * y[8];
    const REAL m5_0 = R((0.4564354645876384)) * y[5];
    const REAL m5_2 = R((-0.35355339059327395)) * y[5];
    const REAL m5_3 = R((-0.5773502691896261)) * y[8];
    const REAL m5_4 = R((0.35355339059327384)) * y[7];
    const REAL m5_6 = R((0.4564354645876384)) * y[7];
    const REAL m6_1 = R((-0.4564354645876384)) * y[5];
    const REAL m6_2 = R((0.2886751345948123)) * y[4];
    const REAL m6_4 = R((-0.28867513459481303)) * y[8];
    const REAL m6_5 = R((0.45643546458763845)) * y[7];
    const REAL m6_6 = R((-0.6454972243679025)) * y[6];
    const REAL md0_0 = R((-0.6454972243679028)) * yd[6];
    const REAL md0_1 = R((0.4564354645876382)) * yd[7];
    const REAL md0_2 = R((-0.2886751345948128)) * yd[8];
    const REAL md0_4 = R((-0.28867513459481264)) * yd[4];
    const REAL md0_5 = R((0.45643546458763856)) * yd[5];
    const REAL md1_0 = R((0.4564354645876382)) * yd[7];
    const REAL md1_2 = R((0.35355339059327373)) * yd[7];
    const REAL md1_3 = R((-0.5773502691896253)) * yd[4];
    const REAL md1_4 = R((0.3535533905932738)) * yd[5];
    const REAL md1_6 = R((-0.4564354645876384)) * yd[5];
    const REAL md2_0 = R((-0.28867513459481287)) * yd[8];
    const REAL md2_1 = R((0.35355339059327373)) * yd[7];
    const REAL md2_2 = R((0.3872983346207426)) * yd[6] + R((-0.4472135954999581)) * yd[8];
    const REAL md2_3 = R((0.1825741858350558)) * yd[5];
    const REAL md2_4 = R((0.4472135954999576)) * yd[4];
    const REAL md2_5 = R((-0.35355339059327395)) * yd[5];
    const REAL md2_6 = R((0.28867513459481237)) * yd[4];
    const REAL md3_1 = R((-0.5773502691896255)) * yd[4];
    const REAL md3_2 = R((0.1825741858350558)) * yd[5];
    const REAL md3_3 = R((0.5163977794943225)) * yd[6];
    const REAL md3_4 = R((0.1825741858350557)) * yd[7];
    const REAL md3_5 = R((-0.5773502691896258)) * yd[8];
    const REAL md4_0 = R((-0.28867513459481253)) * yd[4];
    const REAL md4_1 = R((0.3535533905932738)) * yd[5];
    const REAL md4_2 = R((0.44721359549995754)) * yd[4];
    const REAL md4_3 = R((0.18257418583505577)) * yd[7];
    const REAL md4_4 = R((0.3872983346207425)) * yd[6] + R((0.4472135954999579)) * yd[8];
    const REAL md4_5 = R((0.35355339059327384)) * yd[7];
    const REAL md4_6 = R((-0.28867513459481303)) * yd[8];
    const REAL md5_0 = R((0.4564354645876384)) * yd[5];
    const REAL md5_2 = R((-0.35355339059327395)) * yd[5];
    const REAL md5_3 = R((-0.5773502691896261)) * yd[8];
    const REAL md5_4 = R((0.35355339059327384)) * yd[7];
    const REAL md5_6 = R((0.4564354645876384)) * yd[7];
    const REAL md6_1 = R((-0.4564354645876384)) * yd[5];
    const REAL md6_2 = R((0.2886751345948123)) * yd[4];
    const REAL md6_4 = R((-0.28867513459481303)) * yd[8];
    const REAL md6_5 = R((0.45643546458763845)) * yd[7];
    const REAL md6_6 = R((-0.6454972243679025)) * yd[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC x0 = LOAD(x + 0 * m + u);
        const VEC x1 = LOAD(x + 1 * m + u);
        const VEC x2 = LOAD(x + 2 * m + u);
        const VEC x3 = LOAD(x + 3 * m + u);
        const VEC x4 = LOAD(x + 4 * m + u);
        const VEC x5 = LOAD(x + 5 * m + u);
        const VEC x6 = LOAD(x + 6 * m + u);
        const VEC xd0 = LOAD(xd + 0 * m + u);
        const VEC xd1 = LOAD(xd + 1 * m + u);
        const VEC xd2 = LOAD(xd + 2 * m + u);
        const VEC xd3 = LOAD(xd + 3 * m + u);
        const VEC xd4 = LOAD(xd + 4 * m + u);
        const VEC xd5 = LOAD(xd + 5 * m + u);
        const VEC xd6 = LOAD(xd + 6 * m + u);
        const VEC t0 = x0 * m0_0 + x1 * m1_0 + x2 * m2_0 + x4 * m4_0 + x5 * m5_0;
        ADD(a + 0 * ca + u, w * t0);
        ADD(ad + 0 * ca + u, w * (xd0 * m0_0 + xd1 * m1_0 + xd2 * m2_0 + xd4 * m4_0 + xd5 * m5_0 + x0 * md0_0 + x1 * md1_0 + x2 * md2_0 + x4 * md4_0 + x5 * md5_0) + wd * t0);
        const VEC t1 = x0 * m0_1 + x2 * m2_1 + x3 * m3_1 + x4 * m4_1 + x6 * m6_1;
        ADD(a + 1 * ca + u, w * t1);
        ADD(ad + 1 * ca + u, w * (xd0 * m0_1 + xd2 * m2_1 + xd3 * m3_1 + xd4 * m4_1 + xd6 * m6_1 + x0 * md0_1 + x2 * md2_1 + x3 * md3_1 + x4 * md4_1 + x6 * md6_1) + wd * t1);
        const VEC t2 = x0 * m0_2 + x1 * m1_2 + x2 * m2_2 + x3 * m3_2 + x4 * m4_2 + x5 * m5_2 + x6 * m6_2;
        ADD(a + 2 * ca + u, w * t2);
        ADD(ad + 2 * ca + u, w * (xd0 * m0_2 + xd1 * m1_2 + xd2 * m2_2 + xd3 * m3_2 + xd4 * m4_2 + xd5 * m5_2 + xd6 * m6_2 + x0 * md0_2 + x1 * md1_2 + x2 * md2_2 + x3 * md3_2 + x4 * md4_2 + x5 * md5_2 + x6 * md6_2) + wd * t2);
        const VEC t3 = x1 * m1_3 + x2 * m2_3 + x3 * m3_3 + x4 * m4_3 + x5 * m5_3;
        ADD(a + 3 * ca + u, w * t3);
        ADD(ad + 3 * ca + u, w * (xd1 * m1_3 + xd2 * m2_3 + xd3 * m3_3 + xd4 * m4_3 + xd5 * m5_3 + x1 * md1_3 + x2 * md2_3 + x3 * md3_3 + x4 * md4_3 + x5 * md5_3) + wd * t3);
        const VEC t4 = x0 * m0_4 + x1 * m1_4 + x2 * m2_4 + x3 * m3_4 + x4 * m4_4 + x5 * m5_4 + x6 * m6_4;
        ADD(a + 4 * ca + u, w * t4);
        ADD(ad + 4 * ca + u, w * (xd0 * m0_4 + xd1 * m1_4 + xd2 * m2_4 + xd3 * m3_4 + xd4 * m4_4 + xd5 * m5_4 + xd6 * m6_4 + x0 * md0_4 + x1 * md1_4 + x2 * md2_4 + x3 * md3_4 + x4 * md4_4 + x5 * md5_4 + x6 * md6_4) + wd * t4);
        const VEC t5 = x0 * m0_5 + x2 * m2_5 + x3 * m3_5 + x4 * m4_5 + x6 * m6_5;
        ADD(a + 5 * ca + u, w * t5);
        ADD(ad + 5 * ca + u, w * (xd0 * m0_5 + xd2 * m2_5 + xd3 * m3_5 + xd4 * m4_5 + xd6 * m6_5 + x0 * md0_5 + x2 * md2_5 + x3 * md3_5 + x4 * md4_5 + x6 * md6_5) + wd * t5);
        const VEC t6 = x1 * m1_6 + x2 * m2_6 + x4 * m4_6 + x5 * m5_6 + x6 * m6_6;
        ADD(a + 6 * ca + u, w * t6);
        ADD(ad + 6 * ca + u, w * (xd1 * m1_6 + xd2 * m2_6 + xd4 * m4_6 + xd5 * m5_6 + xd6 * m6_6 + x1 * md1_6 + x2 * md2_6 + x4 * md4_6 + x5 * md5_6 + x6 * md6_6) + wd * t6);
    }
}
APART void NAME(backward_3_2_3)(BACKWARD_ARGUMENTS)
{
    const REAL m0_0 = R((-0.6454972243679028)) * y[6];
    const REAL m0_1 = R((0.4564354645876382)) * y[7];
    const REAL m0_2 = R((-0.2886751345948128)) * y[8];
    const REAL m0_4 = R((-0.28867513459481264)) * y[4];
    const REAL m0_5 = R((0.45643546458763856)) * y[5];
    const REAL m1_0 = R((0.4564354645876382)) * y[7];
    const REAL m1_2 = R((0.35355339059327373)) * y[7];
    const REAL m1_3 = R((-0.5773502691896253)) * y[4];
    const REAL m1_4 = R((0.3535533905932738)) * y[5];
    const REAL m1_6 = R((-0.4564354645876384)) * y[5];
    const REAL m2_0 = R((-0.28867513459481287)) * y[8];
    const REAL m2_1 = R((0.35355339059327373)) * y[7];
    const REAL m2_2 = R((0.3872983346207426)) * y[6] + R((-0.4472135954999581)) * y[8];
    const REAL m2_3 = R((0.1825741858350558)) * y[5];
    const REAL m2_4 = R((0.4472135954999576)) * y[4];
    const REAL m2_5 = R((-0.35355339059327395)) * y[5];
    const REAL m2_6 = R((0.28867513459481237)) * y[4];
    const REAL m3_1 = R((-0.5773502691896255)) * y[4];
    const REAL m3_2 = R((0.1825741858350558)) * y[5];
    const REAL m3_3 = R((0.5163977794943225)) * y[6];
    const REAL m3_4 = R((0.1825741858350557)) * y[7];
    const REAL m3_5 = R((-0.5773502691896258)) * y[8];
    const REAL m4_0 = R((-0.28867513459481253)) * y[4];
    const REAL m4_1 = R((0.3535533905932738)) * y[5];
    const REAL m4_2 = R((0.44721359549995754)) * y[4];
    const REAL m4_3 = R((0.18257418583505577)) * y[7];
    const REAL m4_4 = R((0.3872983346207425)) * y[6] + R((0.4472135954999579)) * y[8];
    const REAL m4_5 = R((0.35355339059327384)) * y[7];
    const REAL m4_6 = R((-0.28867513459481303)) * y[8];
    const REAL m5_0 = R((0.4564354645876384)) * y[5];
    const REAL m5_2 = R((-0.35355339059327395)) * y[5];
    const REAL m5_3 = R((-0.5773502691896261)) * y[8];
    const REAL m5_4 = R((0.35355339059327384)) * y[7];
    const REAL m5_6 = R((0.4564354645876384)) * y[7];
    const REAL m6_1 = R((-0.4564354645876384)) * y[5];
    const REAL m6_2 = R((0.2886751345948123)) * y[4];
    const REAL m6_4 = R((-0.28867513459481303)) * y[8];
    const REAL m6_5 = R((0.45643546458763845)) * y[7];
    const REAL m6_6 = R((-0.6454972243679025)) * y[6];
    VEC n0_0 = {0};
    VEC n0_1 = {0};
    VEC n0_2 = {0};
    VEC n0_4 = {0};
    VEC n0_5 = {0};
    VEC n1_0 = {0};
    VEC n1_2 = {0};
    VEC n1_3 = {0};
    VEC n1_4 = {0};
    VEC n1_6 = {0};
    VEC n2_0 = {0};
    VEC n2_1 = {0};
    VEC n2_2 = {0};
    VEC n2_3 = {0};
    VEC n2_4 = {0};
    VEC n2_5 = {0};
    VEC n2_6 = {0};
    VEC n3_1 = {0};
    VEC n3_2 = {0};
    VEC n3_3 = {0};
    VEC n3_4 = {0};
    VEC n3_5 = {0};
    VEC n4_0 = {0};
    VEC n4_1 = {0};
    VEC n4_2 = {0};
    VEC n4_3 = {0};
    VEC n4_4 = {0};
    VEC n4_5 = {0};
    VEC n4_6 = {0};
    VEC n5_0 = {0};
    VEC n5_2 = {0};
    VEC n5_3 = {0};
    VEC n5_4 = {0};
    VEC n5_6 = {0};
    VEC n6_1 = {0};
    VEC n6_2 = {0};
    VEC n6_4 = {0};
    VEC n6_5 = {0};
    VEC n6_6 = {0};
    VEC slope = {0};
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wr = WEIGHTS(hr);
        VEC z = {0};
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        {
            const VEC x = LOAD(x_ + 0 * m + u), xw = x * w;
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g5 * m0_5;
            z += x * s;
            ADD(gx + 0 * m + u, w * s);
            n0_0 += xw * g0;
            n0_1 += xw * g1;
            n0_2 += xw * g2;
            n0_4 += xw * g4;
            n0_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 1 * m + u), xw = x * w;
            const VEC s = g0 * m1_0 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g6 * m1_6;
            z += x * s;
            ADD(gx + 1 * m + u, w * s);
            n1_0 += xw * g0;
            n1_2 += xw * g2;
            n1_3 += xw * g3;
            n1_4 += xw * g4;
            n1_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 2 * m + u), xw = x * w;
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6;
            z += x * s;
            ADD(gx + 2 * m + u, w * s);
            n2_0 += xw * g0;
            n2_1 += xw * g1;
            n2_2 += xw * g2;
            n2_3 += xw * g3;
            n2_4 += xw * g4;
            n2_5 += xw * g5;
            n2_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 3 * m + u), xw = x * w;
            const VEC s = g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5;
            z += x * s;
            ADD(gx + 3 * m + u, w * s);
            n3_1 += xw * g1;
            n3_2 += xw * g2;
            n3_3 += xw * g3;
            n3_4 += xw * g4;
            n3_5 += xw * g5;
        }
        {
            const VEC x = LOAD(x_ + 4 * m + u), xw = x * w;
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += x * s;
            ADD(gx + 4 * m + u, w * s);
            n4_0 += xw * g0;
            n4_1 += xw * g1;
            n4_2 += xw * g2;
            n4_3 += xw * g3;
            n4_4 += xw * g4;
            n4_5 += xw * g5;
            n4_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 5 * m + u), xw = x * w;
            const VEC s = g0 * m5_0 + g2 * m5_2 + g3 * m5_3 + g4 * m5_4 + g6 * m5_6;
            z += x * s;
            ADD(gx + 5 * m + u, w * s);
            n5_0 += xw * g0;
            n5_2 += xw * g2;
            n5_3 += xw * g3;
            n5_4 += xw * g4;
            n5_6 += xw * g6;
        }
        {
            const VEC x = LOAD(x_ + 6 * m + u), xw = x * w;
            const VEC s = g1 * m6_1 + g2 * m6_2 + g4 * m6_4 + g5 * m6_5 + g6 * m6_6;
            z += x * s;
            ADD(gx + 6 * m + u, w * s);
            n6_1 += xw * g1;
            n6_2 += xw * g2;
            n6_4 += xw * g4;
            n6_5 += xw * g5;
            n6_6 += xw * g6;
        }
        slope += wr * z;
    }
    *gr += slope;
    gy[4] += R((-0.28867513459481264)) * n0_4 + R((-0.5773502691896253)) * n1_3 + R((0.4472135954999576)) * n2_4 + R((0.28867513459481237)) * n2_6 + R((-0.5773502691896255)) * n3_1 + R((-0.28867513459481253)) * n4_0 + R((0.44721359549995754)) * n4_2 + R((0.2886751345948123)) * n6_2;
    gy[5] += R((0.45643546458763856)) * n0_5 + R((0.3535533905932738)) * n1_4 + R((-0.4564354645876384)) * n1_6 + R((0.1825741858350558)) * n2_3 + R((-0.35355339059327395)) * n2_5 + R((0.1825741858350558)) * n3_2 + R((0.3535533905932738)) * n4_1 + R((0.4564354645876384)) * n5_0 + R((-0.35355339059327395)) * n5_2 + R((-0.4564354645876384)) * n6_1;
    gy[6] += R((-0.6454972243679028)) * n0_0 + R((0.3872983346207426)) * n2_2 + R((0.5163977794943225)) * n3_3 + R((0.3872983346207425)) * n4_4 + R((-0.6454972243679025)) * n6_6;
    gy[7] += R((0.4564354645876382)) * n0_1 + R((0.4564354645876382)) * n1_0 + R((0.35355339059327373)) * n1_2 + R((0.35355339059327373)) * n2_1 + R((0.1825741858350557)) * n3_4 + R((0.18257418583505577)) * n4_3 + R((0.35355339059327384)) * n4_5 + R((0.35355339059327384)) * n5_4 + R((0.4564354645876384)) * n5_6 + R((0.45643546458763845)) * n6_5;
    gy[8] += R((-0.2886751345948128)) * n0_2 + R((-0.28867513459481287)) * n2_0 + R((-0.4472135954999581)) * n2_2 + R((-0.5773502691896258)) * n3_5 + R((0.4472135954999579)) * n4_4 + R((-0.28867513459481303)) * n4_6 + R((-0.5773502691896261)) * n5_3 + R((-0.28867513459481303)) * n6_4;
}
APART void NAME(parameters_3_2_3)(PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.6454972243679028)) * y[6];
    const REAL m0_1 = R((0.4564354645876382)) * y[7];
    const REAL m0_2 = R((-0.2886751345948128)) * y[8];
    const REAL m0_4 = R((-0.28867513459481264)) * y[4];
    const REAL m0_5 = R((0.45643546458763856)) * y[5];
    const REAL m1_0 = R((0.4564354645876382)) * y[7];
    const REAL m1_2 = R((0.35355339059327373)) * y[7];
    const REAL m1_3 = R((-0.5773502691896253)) * y[4];
    const REAL m1_4 = R((0.3535533905932738)) * y[5];
    const REAL m1_6 = R((-0.4564354645876384)) * y[5];
    const REAL m2_0 = R((-0.28867513459481287)) * y[8];
    const REAL m2_1 = R((0.35355339059327373)) * y[7];
    const REAL m2_2 = R((0.3872983346207426)) * y[6] + R((-0.4472135954999581)) * y[8];
    const REAL m2_3 = R((0.1825741858350558)) * y[5];
    const REAL m2_4 = R((0.4472135954999576)) * y[4];
    const REAL m2_5 = R((-0.35355339059327395)) * y[5];
    const REAL m2_6 = R((0.28867513459481237)) * y[4];
    const REAL m3_1 = R((-0.5773502691896255)) * y[4];
    const REAL m3_2 = R((0.1825741858350558)) * y[5];
    const REAL m3_3 = R((0.5163977794943225)) * y[6];
    const REAL m3_4 = R((0.1825741858350557)) * y[7];
    const REAL m3_5 = R((-0.5773502691896258)) * y[8];
    const REAL m4_0 = R((-0.28867513459481253)) * y[4];
    const REAL m4_1 = R((0.3535533905932738)) * y[5];
    const REAL m4_2 = R((0.44721359549995754)) * y[4];
    const REAL m4_3 = R((0.18257418583505577)) * y[7];
    const REAL m4_4 = R((0.3872983346207425)) * y[6] + R((0.4472135954999579)) * y[8];
    const REAL m4_5 = R((0.35355339059327384)) * y[7];
    const REAL m4_6 = R((-0.28867513459481303)) * y[8];
    const REAL m5_0 = R((0.4564354645876384)) * y[5];
    const REAL m5_2 = R((-0.35355339059327395)) * y[5];
    const REAL m5_3 = R((-0.5773502691896261)) * y[8];
    const REAL m5_4 = R((0.35355339059327384)) * y[7];
    const REAL m5_6 = R((0.4564354645876384)) * y[7];
    const REAL m6_1 = R((-0.4564354645876384)) * y[5];
    const REAL m6_2 = R((0.2886751345948123)) * y[4];
    const REAL m6_4 = R((-0.28867513459481303)) * y[8];
    const REAL m6_5 = R((0.45643546458763845)) * y[7];
    const REAL m6_6 = R((-0.6454972243679025)) * y[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        VEC z = {0};
        {
            const VEC s = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g5 * m0_5;
            z += LOAD(x_ + 0 * m + u) * s;
            ADD(gx + 0 * m + u, w * s);
        }
        {
            const VEC s = g0 * m1_0 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g6 * m1_6;
            z += LOAD(x_ + 1 * m + u) * s;
            ADD(gx + 1 * m + u, w * s);
        }
        {
            const VEC s = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6;
            z += LOAD(x_ + 2 * m + u) * s;
            ADD(gx + 2 * m + u, w * s);
        }
        {
            const VEC s = g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5;
            z += LOAD(x_ + 3 * m + u) * s;
            ADD(gx + 3 * m + u, w * s);
        }
        {
            const VEC s = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6;
            z += LOAD(x_ + 4 * m + u) * s;
            ADD(gx + 4 * m + u, w * s);
        }
        {
            const VEC s = g0 * m5_0 + g2 * m5_2 + g3 * m5_3 + g4 * m5_4 + g6 * m5_6;
            z += LOAD(x_ + 5 * m + u) * s;
            ADD(gx + 5 * m + u, w * s);
        }
        {
            const VEC s = g1 * m6_1 + g2 * m6_2 + g4 * m6_4 + g5 * m6_5 + g6 * m6_6;
            z += LOAD(x_ + 6 * m + u) * s;
            ADD(gx + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z);
        ADD(gt + 1 * width + u, h[1] * z);
        ADD(gt + 2 * width + u, h[2] * z);
        ADD(gt + 3 * width + u, h[3] * z);
    }
}
APART void NAME(dual_parameters_3_2_3)(DUAL_PARAMETERS_ARGUMENTS)
{
    const REAL m0_0 = R((-0.6454972243679028)) * y[6];
    const REAL m0_1 = R((0.4564354645876382)) * y[7];
    const REAL m0_2 = R((-0.2886751345948128)) * y[8];
    const REAL m0_4 = R((-0.28867513459481264)) * y[4];
    const REAL m0_5 = R((0.45643546458763856)) * y[5];
    const REAL m1_0 = R((0.4564354645876382)) * y[7];
    const REAL m1_2 = R((0.35355339059327373)) * y[7];
    const REAL m1_3 = R((-0.5773502691896253)) * y[4];
    const REAL m1_4 = R((0.3535533905932738)) * y[5];
    const REAL m1_6 = R((-0.4564354645876384)) * y[5];
    const REAL m2_0 = R((-0.28867513459481287)) * y[8];
    const REAL m2_1 = R((0.35355339059327373)) * y[7];
    const REAL m2_2 = R((0.3872983346207426)) * y[6] + R((-0.4472135954999581)) * y[8];
    const REAL m2_3 = R((0.1825741858350558)) * y[5];
    const REAL m2_4 = R((0.4472135954999576)) * y[4];
    const REAL m2_5 = R((-0.35355339059327395)) * y[5];
    const REAL m2_6 = R((0.28867513459481237)) * y[4];
    const REAL m3_1 = R((-0.5773502691896255)) * y[4];
    const REAL m3_2 = R((0.1825741858350558)) * y[5];
    const REAL m3_3 = R((0.5163977794943225)) * y[6];
    const REAL m3_4 = R((0.1825741858350557)) * y[7];
    const REAL m3_5 = R((-0.5773502691896258)) * y[8];
    const REAL m4_0 = R((-0.28867513459481253)) * y[4];
    const REAL m4_1 = R((0.3535533905932738)) * y[5];
    const REAL m4_2 = R((0.44721359549995754)) * y[4];
    const REAL m4_3 = R((0.18257418583505577)) * y[7];
    const REAL m4_4 = R((0.3872983346207425)) * y[6] + R((0.4472135954999579)) * y[8];
    const REAL m4_5 = R((0.35355339059327384)) * y[7];
    const REAL m4_6 = R((-0.28867513459481303)) * y[8];
    const REAL m5_0 = R((0.4564354645876384)) * y[5];
    const REAL m5_2 = R((-0.35355339059327395)) * y[5];
    const REAL m5_3 = R((-0.5773502691896261)) * y[8];
    const REAL m5_4 = R((0.35355339059327384)) * y[7];
    const REAL m5_6 = R((0.4564354645876384)) * y[7];
    const REAL m6_1 = R((-0.4564354645876384)) * y[5];
    const REAL m6_2 = R((0.2886751345948123)) * y[4];
    const REAL m6_4 = R((-0.28867513459481303)) * y[8];
    const REAL m6_5 = R((0.45643546458763845)) * y[7];
    const REAL m6_6 = R((-0.6454972243679025)) * y[6];
    const REAL md0_0 = R((-0.6454972243679028)) * yd[6];
    const REAL md0_1 = R((0.4564354645876382)) * yd[7];
    const REAL md0_2 = R((-0.2886751345948128)) * yd[8];
    const REAL md0_4 = R((-0.28867513459481264)) * yd[4];
    const REAL md0_5 = R((0.45643546458763856)) * yd[5];
    const REAL md1_0 = R((0.4564354645876382)) * yd[7];
    const REAL md1_2 = R((0.35355339059327373)) * yd[7];
    const REAL md1_3 = R((-0.5773502691896253)) * yd[4];
    const REAL md1_4 = R((0.3535533905932738)) * yd[5];
    const REAL md1_6 = R((-0.4564354645876384)) * yd[5];
    const REAL md2_0 = R((-0.28867513459481287)) * yd[8];
    const REAL md2_1 = R((0.35355339059327373)) * yd[7];
    const REAL md2_2 = R((0.3872983346207426)) * yd[6] + R((-0.4472135954999581)) * yd[8];
    const REAL md2_3 = R((0.1825741858350558)) * yd[5];
    const REAL md2_4 = R((0.4472135954999576)) * yd[4];
    const REAL md2_5 = R((-0.35355339059327395)) * yd[5];
    const REAL md2_6 = R((0.28867513459481237)) * yd[4];
    const REAL md3_1 = R((-0.5773502691896255)) * yd[4];
    const REAL md3_2 = R((0.1825741858350558)) * yd[5];
    const REAL md3_3 = R((0.5163977794943225)) * yd[6];
    const REAL md3_4 = R((0.1825741858350557)) * yd[7];
    const REAL md3_5 = R((-0.5773502691896258)) * yd[8];
    const REAL md4_0 = R((-0.28867513459481253)) * yd[4];
    const REAL md4_1 = R((0.3535533905932738)) * yd[5];
    const REAL md4_2 = R((0.44721359549995754)) * yd[4];
    const REAL md4_3 = R((0.18257418583505577)) * yd[7];
    const REAL md4_4 = R((0.3872983346207425)) * yd[6] + R((0.4472135954999579)) * yd[8];
    const REAL md4_5 = R((0.35355339059327384)) * yd[7];
    const REAL md4_6 = R((-0.28867513459481303)) * yd[8];
    const REAL md5_0 = R((0.4564354645876384)) * yd[5];
    const REAL md5_2 = R((-0.35355339059327395)) * yd[5];
    const REAL md5_3 = R((-0.5773502691896261)) * yd[8];
    const REAL md5_4 = R((0.35355339059327384)) * yd[7];
    const REAL md5_6 = R((0.4564354645876384)) * yd[7];
    const REAL md6_1 = R((-0.4564354645876384)) * yd[5];
    const REAL md6_2 = R((0.2886751345948123)) * yd[4];
    const REAL md6_4 = R((-0.28867513459481303)) * yd[8];
    const REAL md6_5 = R((0.45643546458763845)) * yd[7];
    const REAL md6_6 = R((-0.6454972243679025)) * yd[6];
    for (int64_t u = 0; u < m; u += LANES) {
        const VEC w = WEIGHTS(h), wd = WEIGHTS(hd);
        const VEC g0 = LOAD(g + 0 * cg + u);
        const VEC g1 = LOAD(g + 1 * cg + u);
        const VEC g2 = LOAD(g + 2 * cg + u);
        const VEC g3 = LOAD(g + 3 * cg + u);
        const VEC g4 = LOAD(g + 4 * cg + u);
        const VEC g5 = LOAD(g + 5 * cg + u);
        const VEC g6 = LOAD(g + 6 * cg + u);
        const VEC gd0 = LOAD(gd + 0 * cg + u);
        const VEC gd1 = LOAD(gd + 1 * cg + u);
        const VEC gd2 = LOAD(gd + 2 * cg + u);
        const VEC gd3 = LOAD(gd + 3 * cg + u);
        const VEC gd4 = LOAD(gd + 4 * cg + u);
        const VEC gd5 = LOAD(gd + 5 * cg + u);
        const VEC gd6 = LOAD(gd + 6 * cg + u);
        VEC z = {0}, zd = {0};
        {
            const VEC s = gd0 * m0_0 + gd1 * m0_1 + gd2 * m0_2 + gd4 * m0_4 + gd5 * m0_5;
            const VEC p = g0 * m0_0 + g1 * m0_1 + g2 * m0_2 + g4 * m0_4 + g5 * m0_5 + gd0 * md0_0 + gd1 * md0_1 + gd2 * md0_2 + gd4 * md0_4 + gd5 * md0_5;
            const VEC x = LOAD(x_ + 0 * m + u), xd = LOAD(xd_ + 0 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 0 * m + u, w * p + wd * s);
            ADD(gxd + 0 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m1_0 + gd2 * m1_2 + gd3 * m1_3 + gd4 * m1_4 + gd6 * m1_6;
            const VEC p = g0 * m1_0 + g2 * m1_2 + g3 * m1_3 + g4 * m1_4 + g6 * m1_6 + gd0 * md1_0 + gd2 * md1_2 + gd3 * md1_3 + gd4 * md1_4 + gd6 * md1_6;
            const VEC x = LOAD(x_ + 1 * m + u), xd = LOAD(xd_ + 1 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 1 * m + u, w * p + wd * s);
            ADD(gxd + 1 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m2_0 + gd1 * m2_1 + gd2 * m2_2 + gd3 * m2_3 + gd4 * m2_4 + gd5 * m2_5 + gd6 * m2_6;
            const VEC p = g0 * m2_0 + g1 * m2_1 + g2 * m2_2 + g3 * m2_3 + g4 * m2_4 + g5 * m2_5 + g6 * m2_6 + gd0 * md2_0 + gd1 * md2_1 + gd2 * md2_2 + gd3 * md2_3 + gd4 * md2_4 + gd5 * md2_5 + gd6 * md2_6;
            const VEC x = LOAD(x_ + 2 * m + u), xd = LOAD(xd_ + 2 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 2 * m + u, w * p + wd * s);
            ADD(gxd + 2 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m3_1 + gd2 * m3_2 + gd3 * m3_3 + gd4 * m3_4 + gd5 * m3_5;
            const VEC p = g1 * m3_1 + g2 * m3_2 + g3 * m3_3 + g4 * m3_4 + g5 * m3_5 + gd1 * md3_1 + gd2 * md3_2 + gd3 * md3_3 + gd4 * md3_4 + gd5 * md3_5;
            const VEC x = LOAD(x_ + 3 * m + u), xd = LOAD(xd_ + 3 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 3 * m + u, w * p + wd * s);
            ADD(gxd + 3 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m4_0 + gd1 * m4_1 + gd2 * m4_2 + gd3 * m4_3 + gd4 * m4_4 + gd5 * m4_5 + gd6 * m4_6;
            const VEC p = g0 * m4_0 + g1 * m4_1 + g2 * m4_2 + g3 * m4_3 + g4 * m4_4 + g5 * m4_5 + g6 * m4_6 + gd0 * md4_0 + gd1 * md4_1 + gd2 * md4_2 + gd3 * md4_3 + gd4 * md4_4 + gd5 * md4_5 + gd6 * md4_6;
            const VEC x = LOAD(x_ + 4 * m + u), xd = LOAD(xd_ + 4 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 4 * m + u, w * p + wd * s);
            ADD(gxd + 4 * m + u, w * s);
        }
        {
            const VEC s = gd0 * m5_0 + gd2 * m5_2 + gd3 * m5_3 + gd4 * m5_4 + gd6 * m5_6;
            const VEC p = g0 * m5_0 + g2 * m5_2 + g3 * m5_3 + g4 * m5_4 + g6 * m5_6 + gd0 * md5_0 + gd2 * md5_2 + gd3 * md5_3 + gd4 * md5_4 + gd6 * md5_6;
            const VEC x = LOAD(x_ + 5 * m + u), xd = LOAD(xd_ + 5 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 5 * m + u, w * p + wd * s);
            ADD(gxd + 5 * m + u, w * s);
        }
        {
            const VEC s = gd1 * m6_1 + gd2 * m6_2 + gd4 * m6_4 + gd5 * m6_5 + gd6 * m6_6;
            const VEC p = g1 * m6_1 + g2 * m6_2 + g4 * m6_4 + g5 * m6_5 + g6 * m6_6 + gd1 * md6_1 + gd2 * md6_2 + gd4 * md6_4 + gd5 * md6_5 + gd6 * md6_6;
            const VEC x = LOAD(x_ + 6 * m + u), xd = LOAD(xd_ + 6 * m + u);
            z += x * p + xd * s;
            zd += x * s;
            ADD(gx + 6 * m + u, w * p + wd * s);
            ADD(gxd + 6 * m + u, w * s);
        }
        ADD(gt + 0 * width + u, h[0] * z + hd[0] * zd);
        ADD(gt + 1 * width + u, h[1] * z + hd[1] * zd);
        ADD(gt + 2 * width + u, h[2] * z + hd[2] * zd);
        ADD(gt + 3 * width + u, h[3] * z + hd[3] * zd);
    }
}
