using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Logging in and out, and asking whether one is.</summary>
public static partial class AuthEndpoints
{
    // Hashing a password takes a core for a tenth of a second.
    private const int MostHashing = 2;
    private const int MostWaiting = 64;
    private static readonly SemaphoreSlim Hashing = new(MostHashing);
    private static int _waiting;

    /// <summary>Maps the endpoints.</summary>
    public static void MapAuth(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/auth", LogInAsync).WithMetadata(new OpenToAll());
        app.MapGet("/api/auth", (HttpContext context) => Who(context.Caller()));
        app.MapDelete("/api/auth", (HttpContext context, Sessions sessions) =>
        {
            sessions.End(context.Request.Cookies[SessionCookie.Name]!);
            context.Response.Headers.SetCookie = $"{SessionCookie.Name}=; Path=/; Max-Age=0; HttpOnly; Secure";
            return Envelope.Ok(null, "1");
        }).WithMetadata(new ReadOnlyMayCall());
    }

    private static async Task<IResult> LogInAsync(
        HttpContext context, AccountStore accounts, Sessions sessions, LoginThrottle throttle, TimeProvider time, ILogger<Sessions> log)
    {
        var body = await Fields.ReadAsync(context);
        var name = body.Text("user", 256) ?? throw NetrisException.Field("user", "is missing");
        var password = body.Text("password", PasswordHash.Longest) ?? throw NetrisException.Field("password", "is missing");
        if ((body.Number("auth_scheme_id", 0, 1000) ?? body.Number("authSchemeID", 0, 1000) ?? body.Number("authSchemeId", 0, 1000) ?? 1) != 1)
        {
            throw NetrisException.Field("auth_scheme_id", "only 1, local accounts, is there");
        }

        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new NetrisException(500, "too many logins at the same time; try again later");
        }

        try
        {
            await Task.Delay(throttle.Attempt(name, address), time, context.RequestAborted);
            await Hashing.WaitAsync(context.RequestAborted);
            try
            {
                var account = accounts.Find(name);
                if (!await Task.Run(() => PasswordHash.Verify(account?.Password, password)))
                {
                    Log.Refused(log, address);
                    throw new NetrisException(401, "user or password is wrong");
                }

                throttle.Succeeded(name, address);
                context.Response.Headers.SetCookie = $"{SessionCookie.Name}={sessions.Begin(account!)}; Path=/; HttpOnly; Secure";
                return Who(account!);
            }
            finally
            {
                Hashing.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static IResult Who(Account account) => Envelope.Ok(new { user_id = account.Id, name = account.Name }, "1");

    private static partial class Log
    {
        [LoggerMessage(EventId = 3020, Level = LogLevel.Warning, Message = "Login refused to {Address}")]
        public static partial void Refused(ILogger logger, string address);
    }
}
