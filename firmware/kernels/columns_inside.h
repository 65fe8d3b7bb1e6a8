/* Which columns of a ring lie inside of the tensor that it holds a part of. */
#ifndef SPECC_COLUMNS_INSIDE_H
#define SPECC_COLUMNS_INSIDE_H

struct columns {
    int32_t first, end; /* of the ring's columns; those before and from `end` on are outside */
};

/* Of a ring of `kept` columns, from column `first` of a tensor with `columns` on. */
static ALWAYS_INLINE struct columns columns_inside(int32_t first, const int32_t kept, const int32_t columns)
{
    const int32_t begin = larger(0, smaller(kept, -first));
    const struct columns inside = {begin, larger(begin, smaller(kept, columns - first))};
    return inside;
}

#endif
