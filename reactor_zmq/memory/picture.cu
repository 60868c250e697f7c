// From samples of any layout to uint8 pictures in one pass: one thread makes one pixel.
//
// Every step is one float32 operation, in the order in which picture_host.py has them; compiled
// without fused multiply-adds both give the same bytes. tests/memory compiles this file for the
// host, too.

enum Kind { UINT8, FLOAT16, BFLOAT16, FLOAT32, FLOAT64 };

struct Plan {  // picture.py has the same
    long long stride_frame, stride_y, stride_x, stride_channel;  // in samples
    int frames, height, width, channels;
    int out_height, out_width, out_channels;
    int kind;
    float low, scale, ratio_y, ratio_x;
};

__device__ float from_bits(unsigned int bits) {
    union { unsigned int bits; float value; } both;
    both.bits = bits;
    return both.value;
}

__device__ float from_half(unsigned int half) {
    unsigned int sign = (half & 0x8000u) << 16, rest = half & 0x7fffu;
    if (rest >= 0x7c00u)  // infinite, or not a number
        return from_bits(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
    if (rest >= 0x400u)
        return from_bits(sign | ((rest << 13) + 0x38000000u));
    float small = (float)rest * 5.9604644775390625e-8f;  // 2 to the power of -24
    return sign ? -small : small;
}

__device__ float sample(const void *in, const Plan &plan, long long at) {
    if (plan.kind == UINT8)
        return (float)((const unsigned char *)in)[at];
    float value;
    if (plan.kind == FLOAT16)
        value = from_half(((const unsigned short *)in)[at]);
    else if (plan.kind == BFLOAT16)
        value = from_bits((unsigned int)((const unsigned short *)in)[at] << 16);
    else if (plan.kind == FLOAT32)
        value = ((const float *)in)[at];
    else
        value = (float)((const double *)in)[at];
    value = value - plan.low;
    value = value * plan.scale;
    return value > 0.0f ? (value < 255.0f ? value : 255.0f) : 0.0f;  // not a number: 0
}

struct Place {
    int first, second;
    float share;
};

__device__ Place place(int at, float ratio, int size) {
    float exact = (float)at + 0.5f;
    exact = exact * ratio;
    exact = exact - 0.5f;
    exact = exact > 0.0f ? exact : 0.0f;
    int first = (int)exact;
    first = first < size - 1 ? first : size - 1;
    Place found;
    found.first = first;
    found.second = first < size - 1 ? first + 1 : first;
    found.share = exact - (float)first;
    return found;
}

__device__ float between(float first, float second, float share) {
    float step = second - first;
    step = step * share;
    return first + step;
}

__device__ unsigned char rounded(float value) {
    return (unsigned char)(int)(value + 0.5f);
}

extern "C" __global__ void to_video(const void *in, unsigned char *out, Plan plan) {
    long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    long long area = (long long)plan.out_height * plan.out_width;
    if (pixel >= area * plan.frames)
        return;
    long long frame = pixel / area, rest = pixel - frame * area;
    int y = (int)(rest / plan.out_width), x = (int)(rest - (long long)y * plan.out_width);
    bool resized = plan.out_height != plan.height || plan.out_width != plan.width;
    Place down = {y, y, 0.0f}, across = {x, x, 0.0f};
    if (resized) {
        down = place(y, plan.ratio_y, plan.height);
        across = place(x, plan.ratio_x, plan.width);
    }
    float value[4];
    for (int c = 0; c < plan.channels; c++) {
        long long base = frame * plan.stride_frame + c * plan.stride_channel;
        long long upper = base + down.first * plan.stride_y;
        value[c] = sample(in, plan, upper + across.first * plan.stride_x);
        if (resized) {
            long long lower = base + down.second * plan.stride_y;
            float right = sample(in, plan, upper + across.second * plan.stride_x);
            float below = sample(in, plan, lower + across.first * plan.stride_x);
            float corner = sample(in, plan, lower + across.second * plan.stride_x);
            float top = between(value[c], right, across.share);
            value[c] = between(top, between(below, corner, across.share), down.share);
        }
    }
    unsigned char *to = out + pixel * plan.out_channels;
    if (plan.out_channels == 1 && plan.channels >= 3) {
        float red = value[0] * 0.299f, green = value[1] * 0.587f, blue = value[2] * 0.114f;
        float grey = red + green;
        to[0] = rounded(grey + blue);
        return;
    }
    for (int c = 0; c < plan.out_channels; c++) {
        if (c == 3 && plan.channels < 4)
            to[c] = 255;
        else
            to[c] = rounded(value[plan.channels == 1 ? 0 : c]);
    }
}
