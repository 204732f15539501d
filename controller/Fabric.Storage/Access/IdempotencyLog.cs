using Fabric.Storage.Writing;

namespace Fabric.Storage.Access;

/// <summary>Responses to requests that came with a key, kept for a day.</summary>
internal static class IdempotencyLog
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    public static (byte[] RequestHash, StoredResponse Response)? Find(WriteScope scope, IdempotencyKey key, DateTimeOffset now)
    {
        var row = scope.Query<Row>(
            """
            select request_hash as RequestHash, status as Status, headers as Headers, body as Body
            from idempotency where token_id = @TokenId and key = @Key and time > @Oldest
            """,
            new { key.TokenId, key.Key, Oldest = (now - Kept).ToUnixTimeMilliseconds() }).FirstOrDefault();
        return row is null ? null : (row.RequestHash, new StoredResponse((int)row.Status, row.Headers, row.Body));
    }

    public static void Keep(WriteScope scope, IdempotencyKey key, StoredResponse response, DateTimeOffset now)
    {
        scope.Execute("delete from idempotency where time <= @Oldest", new { Oldest = (now - Kept).ToUnixTimeMilliseconds() });
        scope.Execute(
            """
            insert into idempotency (token_id, key, request_hash, status, headers, body, time)
            values (@TokenId, @Key, @RequestHash, @Status, @Headers, @Body, @Time)
            """,
            new { key.TokenId, key.Key, key.RequestHash, response.Status, response.Headers, response.Body, Time = now.ToUnixTimeMilliseconds() });
    }

    private sealed record Row
    {
        public byte[] RequestHash { get; init; } = [];

        public long Status { get; init; }

        public string Headers { get; init; } = "";

        public string Body { get; init; } = "";
    }
}
